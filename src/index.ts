// The root export: boot a kernel and act as a process would.
export { InputError, KernelError } from "./errno/index.ts";
