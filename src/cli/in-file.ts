// Faults of a document are told with the file that holds it.
import { InputError } from "../errno/index.ts";

/** @throws InputError that names the file, where `work` throws one that does not */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (fault) {
    throw fault instanceof InputError && !fault.where.startsWith(file) ? fault.within(file) : fault;
  }
}
