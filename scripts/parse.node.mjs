// What a TypeScript file imports and which names of the platform it uses, from its syntax tree.
import { parseSync } from "vite";

const isNode = (value) => typeof value === "object" && value !== null && typeof value.type === "string";

function* children(node) {
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) {
      for (const each of value) if (isNode(each)) yield [key, each];
    } else if (isNode(value)) yield [key, value];
  }
}

/** The names that a binding pattern, a parameter or a declaration brings into scope. */
function* bound(node) {
  switch (node?.type) {
    case "Identifier":
      yield node.name;
      break;
    case "ObjectPattern":
      for (const property of node.properties) yield* bound(property.value ?? property.argument);
      break;
    case "ArrayPattern":
      for (const element of node.elements) yield* bound(element);
      break;
    case "AssignmentPattern":
      yield* bound(node.left);
      break;
    case "RestElement":
      yield* bound(node.argument);
      break;
    case "VariableDeclaration":
      // `declare const process` brings nothing of its own: the platform's is meant.
      if (!node.declare) for (const declarator of node.declarations) yield* bound(declarator.id);
      break;
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      yield* bound(node.declaration);
      break;
    case "ImportDeclaration":
      for (const specifier of node.specifiers) yield specifier.local.name;
      break;
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
    case "TSDeclareFunction":
      yield* bound(node.id);
  }
}

/** The names that `node` declares for what stands inside it. */
function* scopeOf(node) {
  for (const param of node.params ?? node.parameters ?? []) yield* bound(param);
  if (node.type === "FunctionExpression" || node.type === "ClassExpression") yield* bound(node.id);
  if (Array.isArray(node.body)) for (const statement of node.body) yield* bound(statement);
  if (node.type === "SwitchStatement")
    for (const { consequent } of node.cases) for (const each of consequent) yield* bound(each);
  if (node.type === "CatchClause") yield* bound(node.param);
  if (node.type.startsWith("For")) yield* bound(node.init ?? node.left);
}

/** Whether an identifier under `key` of `parent` only names a member, a label or an import, and refers to nothing. */
function isLabel(parent, key) {
  switch (parent.type) {
    case "MemberExpression":
      return key === "property" && !parent.computed;
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return key === "key" && !parent.computed;
    case "TSQualifiedName":
      return key === "right";
    case "ImportSpecifier":
    case "ExportSpecifier":
    case "ImportAttribute":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
    case "TSNamedTupleMember":
    case "TSTypePredicate":
      return key !== "typeAnnotation" && key !== "elementType" && key !== "body";
    default:
      return false;
  }
}

/**
 * @param {string} file name, for the language and for messages
 * @param {string} text
 * @param {ReadonlySet<string>} names platform names to look for
 * @returns {{ imports: { line: number, target: string | undefined, typeOnly: boolean }[], uses: { line: number, name: string }[], errors: string[] }}
 * `target` is undefined where it is computed.
 */
export function parseModule(file, text, names) {
  const { program, errors } = parseSync(file, text);
  const imports = [];
  const uses = [];
  const line = (offset) => text.slice(0, offset).split("\n").length;
  const add = (node, source, typeOnly) => {
    const target = typeof source?.value === "string" ? source.value : undefined;
    imports.push({ line: line(node.start), target, typeOnly });
  };

  const walk = (node, parent, key, scopes) => {
    switch (node.type) {
      case "ImportDeclaration":
        // `import { type A }` stays an import when compiled (verbatimModuleSyntax); only `import type` goes away.
        add(node, node.source, node.importKind === "type");
        break;
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        if (node.source) add(node, node.source, node.exportKind === "type");
        break;
      case "ImportExpression":
        add(node, node.source, false);
        break;
      case "TSImportType":
        add(node, node.source ?? node.argument, true);
        break;
      case "TSExternalModuleReference":
        add(node, node.expression, false);
        break;
      case "MemberExpression":
        if (node.object.name === "globalThis" && names.has(node.property.name ?? node.property.value)) {
          uses.push({ line: line(node.start), name: node.property.name ?? node.property.value });
        }
        break;
      case "Identifier":
        if (names.has(node.name) && !isLabel(parent, key) && !scopes.some((scope) => scope.has(node.name))) {
          uses.push({ line: line(node.start), name: node.name });
        }
    }
    const declared = new Set(scopeOf(node));
    const inner = declared.size === 0 ? scopes : [...scopes, declared];
    for (const [childKey, child] of children(node)) walk(child, node, childKey, inner);
  };
  walk(program, program, "", []);
  return { imports, uses, errors: errors.map(({ message }) => message) };
}
