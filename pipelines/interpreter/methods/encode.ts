import { exception } from "../thrown.ts";
import { BytesValue } from "../values.ts";
import { type MethodTable, table } from "./table.ts";

/** The methods of strings that turn text into other forms and back. */
export const encodeMethods: MethodTable<string> = table<string>({
  encodeBase64: (self) => Buffer.from(self, "utf8").toString("base64"),
  decodeBase64: (self) => new BytesValue(decodeBase64(self)),
  decodeHex: (self) => {
    if (self.length % 2 !== 0)
      throw exception("java.lang.NumberFormatException", "odd number of characters in hex string");
    return new BytesValue(Uint8Array.from(Buffer.from(self, "hex")));
  },
});

/** The bytes of a base64 text; line ends in it are passed over. */
export function decodeBase64(text: string): Uint8Array {
  const plain = text.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/_-]*=*$/.test(plain)) {
    throw exception("java.lang.IllegalArgumentException", "Illegal base64 character");
  }
  return Uint8Array.from(Buffer.from(plain, "base64"));
}
