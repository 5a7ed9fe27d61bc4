/** An image as written, taken apart for the eye: where from, and the beginning of what it is. */
export interface ImageName {
  readonly name: string;
  readonly tag: string | undefined;
  /** Hexadecimal, without the algorithm; undefined when it is named by tag only. */
  readonly digest: string | undefined;
}

/** Splits `registry:5000/team/shop:1.2@sha256:…`; a colon before a slash is a port, not a tag. */
export function parseImage(image: string): ImageName {
  const [named = "", digest] = image.split("@");
  const colon = named.lastIndexOf(":");
  const hasTag = colon > named.lastIndexOf("/");
  return {
    name: hasTag ? named.slice(0, colon) : named,
    tag: hasTag ? named.slice(colon + 1) : undefined,
    digest: digest?.replace(/^sha256:/, ""),
  };
}

/** What tells two images apart: the digest's beginning, else the last part of the name with its tag. */
export function shortImage(image: string): string {
  const { name, tag, digest } = parseImage(image);
  if (digest !== undefined) return digest.slice(0, 12);
  const last = name.split("/").at(-1) ?? name;
  return tag === undefined ? last : `${last}:${tag}`;
}
