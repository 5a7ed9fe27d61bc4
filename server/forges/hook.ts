import type { ForgeType, TriggerEvent } from "./trigger-event.ts";

/** A webhook request as it came: header names in lower case, the body's exact bytes. */
export interface HookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a request means. `ignored` is nothing for us, in words; `unreadable` is rubbish from a known sender. */
export type HookReading =
  | { readonly kind: "event"; readonly event: TriggerEvent }
  | { readonly kind: "ignored"; readonly because: string }
  | { readonly kind: "unreadable"; readonly because: string };

/**
 * The half of a forge that reads its deliveries: pure and quick, because it runs inside the request. It never calls
 * out and never throws on what others send.
 */
export interface ForgeHook {
  readonly type: ForgeType;
  /** The event as the forge calls it. */
  eventName(request: HookRequest): string | null;
  /** The forge's own id of the delivery, the same on each of its retries. */
  deliveryId(request: HookRequest): string | null;
  /** Whether one of the secrets signed the request. Compares in constant time; empty secrets and signatures never fit. */
  isSigned(request: HookRequest, secrets: readonly string[], nowMs: number): boolean;
  read(request: HookRequest): HookReading;
}
