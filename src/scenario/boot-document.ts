// Booting the kernel that a document asks for: what is wrong with it is told with the place in the document.
import { InputError } from "../errno/index.ts";
import { type BootOptions, boot, type Kernel } from "../kernel/index.ts";

/** Boot options that stand beside `kernel` in a document, by the name that they have there. */
const BESIDE: Readonly<Record<string, string>> = { files: "files", disks: "disks", builtinKeys: "keys" };

/** @throws InputError whose place is that in the scenario or trace */
export function bootDocument(options: BootOptions): Kernel {
  try {
    return boot(options);
  } catch (fault) {
    if (!(fault instanceof InputError)) throw fault;
    const [first = ""] = fault.where.split(/[.[]/, 1);
    const name = BESIDE[first];
    if (name === undefined) throw fault.within("kernel", ".");
    throw new InputError(fault.code, name + fault.where.slice(first.length), fault.why);
  }
}
