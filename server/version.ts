import packageFile from "../package.json" with { type: "json" };

/** The version that pages, the API and runners are told. */
export const VERSION: string = packageFile.version;
