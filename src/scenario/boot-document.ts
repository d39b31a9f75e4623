// Booting the kernel that a document asks for: what is wrong with it is told with the place in the document.
import { InputError } from "../errno/index.ts";
import { type BootOptions, bootAsFarAsItComes, type Kernel } from "../kernel/index.ts";

/** Boot options that stand beside `kernel` in a document, with the name that they have there. */
type Beside = readonly (readonly [option: string, name: string])[];

const BESIDE: Beside = [
  ["files", "files"],
  ["disks", "disks"],
  ["builtinKeys", "keys"],
];

/** The same fault with its place in the document: under `kernel`, but for what stands beside it. */
export function placedIn(beside: Beside, fault: InputError): InputError {
  const found = beside.find(
    ([option]) =>
      fault.where === option || (/^[.,[]/.test(fault.where.slice(option.length)) && fault.where.startsWith(option)),
  );
  if (found === undefined) return fault.within("kernel", ".");
  const [option, name] = found;
  return new InputError(fault.code, name + fault.where.slice(option.length), fault.why);
}

/** The kernel, which may have stopped on the way. @throws InputError whose place is that in the scenario or trace */
export function bootDocument(options: BootOptions): Kernel {
  try {
    return bootAsFarAsItComes(options);
  } catch (fault) {
    if (!(fault instanceof InputError)) throw fault;
    throw placedIn(BESIDE, fault);
  }
}
