// The errno names that system calls and hooks answer with, and their numbers on Linux
// (include/uapi/asm-generic/errno-base.h, errno.h; include/linux/errno.h for those of 512 and above).

// biome-ignore format: a table reads better in columns
export const ERRNO = {
  EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, ENXIO: 6, E2BIG: 7, ENOEXEC: 8, EBADF: 9, ECHILD: 10, EAGAIN: 11,
  ENOMEM: 12, EACCES: 13, EFAULT: 14, ENOTBLK: 15, EBUSY: 16, EEXIST: 17, EXDEV: 18, ENODEV: 19, ENOTDIR: 20,
  EISDIR: 21, EINVAL: 22, ENFILE: 23, EMFILE: 24, ENOTTY: 25, ETXTBSY: 26, EFBIG: 27, ENOSPC: 28, ESPIPE: 29,
  EROFS: 30, EMLINK: 31, EPIPE: 32, EDOM: 33, ERANGE: 34, EDEADLK: 35, ENAMETOOLONG: 36, ENOSYS: 38,
  ENOTEMPTY: 39, ELOOP: 40, ENODATA: 61, ENOPKG: 65, EPROTO: 71, EBADMSG: 74, EOVERFLOW: 75, ELIBBAD: 80,
  EUSERS: 87, EMSGSIZE: 90, EOPNOTSUPP: 95, EADDRINUSE: 98, ETIMEDOUT: 110, ESTALE: 116, EUCLEAN: 117, EDQUOT: 122,
  ENOKEY: 126, EKEYEXPIRED: 127, EKEYREVOKED: 128, EKEYREJECTED: 129, ENOPARAM: 519, ENOTSUPP: 524,
} as const;

/** An errno name, such as "EACCES". */
export type Errno = keyof typeof ERRNO;
