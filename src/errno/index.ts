export { ERRNO, type Errno } from "./errno.ts";
export { InputError, KernelError, type KernelErrorDetails, KernelPanic } from "./error.ts";
export { type Denial, type Failure, fail, type Ok, ok, type Result } from "./result.ts";
