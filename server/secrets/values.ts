import { z } from "zod";

/** The shortest secret that masking can hide without shredding logs. */
export const MIN_SECRET_LENGTH = 6;
const MAX_SECRET_BYTES = 256 * 1024;

const hidden = z
  .string()
  .min(
    MIN_SECRET_LENGTH,
    `a secret has at least ${MIN_SECRET_LENGTH} characters: a shorter one cannot be masked in logs`,
  )
  .max(MAX_SECRET_BYTES, "a secret has at most 256 KiB");

/** What a secret holds, by its type. */
export const SecretValue = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("string"), text: hidden }),
  z.strictObject({ type: z.literal("usernamePassword"), username: z.string().min(1), password: hidden }),
  z.strictObject({
    type: z.literal("file"),
    name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "a file name of letters, digits, . _ -"),
    content: z.base64().min(8, "a file of at least six bytes").max(MAX_SECRET_BYTES),
  }),
  z.strictObject({
    type: z.literal("sshKey"),
    username: z.string().min(1),
    privateKey: hidden,
    passphrase: hidden.optional(),
  }),
]);
export type SecretValue = z.infer<typeof SecretValue>;

/** The name of a secret, as `credentialsId` in a pipeline. */
export const SecretName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "1 to 100 letters, digits, dots, underscores or dashes");

/** The texts of a value that must never be shown, for the mask. */
export function hiddenTexts(value: SecretValue): string[] {
  switch (value.type) {
    case "string":
      return [value.text];
    case "usernamePassword":
      return [value.password];
    case "file":
      return [Buffer.from(value.content, "base64").toString()];
    case "sshKey":
      return value.passphrase === undefined ? [value.privateKey] : [value.privateKey, value.passphrase];
  }
}
