/** The software's version, as in package.json (a test holds them together). A fleet runs one version. */
export const VERSION = "0.1.0";
