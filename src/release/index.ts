export { FEATURES, type Feature } from "./features.ts";
export { DEFAULT_KCONFIG, Kconfig, type KconfigValues } from "./kconfig.ts";
export { OLDEST_RELEASE, Release } from "./release.ts";
