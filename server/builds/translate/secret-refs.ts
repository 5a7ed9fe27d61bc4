/**
 * Names of values that a runner may ask for: `ID.VERSION.PART` of a secret bound in the build, or `=TEXT`, which stands
 * for itself (the user name that a forge wants beside a token), or `ID.VERSION.login.HOST`: Docker's own file of logins
 * with this one in it.
 */
export interface BoundName {
  readonly secretId: number;
  readonly version: number;
}

export const SECRET_PARTS = [
  "text",
  "username",
  "password",
  "userpass",
  "file",
  "key",
  "passphrase",
] as const;
export type SecretPart = (typeof SECRET_PARTS)[number];

/** A ref as read back from a runner's request. */
export type ParsedRef =
  | {
      readonly kind: "login";
      readonly secretId: number;
      readonly version: number;
      /** The registry that is signed in at. */
      readonly host: string;
    }
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "secret";
      readonly secretId: number;
      readonly version: number;
      readonly part: SecretPart;
    };

export function refOf(bound: BoundName, part: SecretPart): string {
  return `${bound.secretId}.${bound.version}.${part}`;
}

export function literalRef(text: string): string {
  return `=${text}`;
}

const LOGIN = /^(\d{1,15})\.(\d{1,9})\.login\.([A-Za-z0-9.]+)$/;

/** A login at a registry. The host is spelled so that the ref can be the name of a folder. */
export function loginRef(bound: BoundName, host: string): string {
  const spelled = host.toLowerCase().replaceAll("-", "Zd").replaceAll(":", "Zc");
  return `${bound.secretId}.${bound.version}.login.${spelled}`;
}

/** Null for what is no ref of ours. */
export function parseRef(ref: string): ParsedRef | null {
  if (ref.startsWith("=")) return { kind: "literal", text: ref.slice(1) };
  const login = LOGIN.exec(ref);
  if (login !== null) {
    const host = (login[3] ?? "").replaceAll("Zd", "-").replaceAll("Zc", ":");
    return { kind: "login", secretId: Number(login[1]), version: Number(login[2]), host };
  }
  const read = /^(\d{1,15})\.(\d{1,9})\.([a-z]+)$/.exec(ref);
  const part = SECRET_PARTS.find((known) => known === read?.[3]);
  if (read === null || part === undefined) return null;
  return { kind: "secret", secretId: Number(read[1]), version: Number(read[2]), part };
}
