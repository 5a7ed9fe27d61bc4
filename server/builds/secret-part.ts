import { z } from "zod";
import { SECRET_PARTS } from "./translate/secret-refs.ts";

/** A part of a secret, as read back from the journal. */
export const SecretPart = z.enum(SECRET_PARTS);
