/**
 * `node:os`: a fixed description.
 *
 * Invariant: tells nothing of the machine.
 */

import { ERRNO, SIGNALS } from "./constants.js";
import { notImplemented } from "./errors.js";

/** The platform's only folder that can be written. */
const TEMPORARY = ["", "tmp", ""].join("/");

export const EOL = "\n";
export const devNull = "/dev/null";
export const constants = {
    UV_UDP_REUSEADDR: 4,
    dlopen: { RTLD_LAZY: 1, RTLD_NOW: 2, RTLD_GLOBAL: 256, RTLD_LOCAL: 0, RTLD_DEEPBIND: 8 },
    errno: ERRNO,
    signals: SIGNALS,
    priority: {
        PRIORITY_LOW: 19, PRIORITY_BELOW_NORMAL: 10, PRIORITY_NORMAL: 0, PRIORITY_ABOVE_NORMAL: -7, PRIORITY_HIGH: -14,
        PRIORITY_HIGHEST: -20,
    },
};
export const arch = () => "x64";
export const availableParallelism = () => 1;
export const cpus = () => [];
export const endianness = () => "LE";
export const freemem = () => 0;
export const getPriority = () => 0;
export const homedir = () => TEMPORARY;
export const hostname = () => "localhost";
export const loadavg = () => [0, 0, 0];
export const machine = () => "x86_64";
export const networkInterfaces = () => ({});
export const platform = () => "linux";
export const release = () => "";
export const tmpdir = () => TEMPORARY;
export const totalmem = () => 0;
export const type = () => "Linux";
export const uptime = () => 0;
export const userInfo = () => ({});
export const version = () => "";
export function setPriority() {
    throw notImplemented("os.setPriority");
}
