import type { Span } from "../diagnostic.ts";
import { ExceptionValue, type Value } from "./values.ts";

/** A place in a source file. */
export interface Site {
  readonly file: string;
  readonly span: Span;
}

/**
 * A Groovy exception on its way up: what `catch` in a script sees. `value` is an `ExceptionValue` or an instance of an
 * exception class of the script's own. The scheduler interrupts a flow by throwing one of these into it; any other
 * error that is thrown into a flow cannot be caught by the script and runs no `finally` of it.
 */
export class ThrownValue extends Error {
  readonly value: Value;
  /** Where it was first thrown, if that is known. */
  site: Site | undefined;
  constructor(value: Value, text: string, site?: Site) {
    // Where a script threw is in `site`; a stack of ours would only cost time.
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(text);
    Error.stackTraceLimit = before;
    this.value = value;
    this.site = site;
  }
}

/** A Groovy exception of a class we know, ready to be thrown. */
export function exception(javaClass: string, message: string | null, site?: Site): ThrownValue {
  const value = new ExceptionValue(javaClass, message);
  return new ThrownValue(value, message === null ? javaClass : `${javaClass}: ${message}`, site);
}

export const illegalArgument = (message: string): ThrownValue =>
  exception("java.lang.IllegalArgumentException", message);

export const nullPointer = (message: string): ThrownValue =>
  exception("java.lang.NullPointerException", message);

export const missingProperty = (name: string, className: string): ThrownValue =>
  exception("groovy.lang.MissingPropertyException", `No such property: ${name} for class: ${className}`);

export const castFailure = (text: string, from: string, to: string): ThrownValue =>
  exception(
    "org.codehaus.groovy.runtime.typehandling.GroovyCastException",
    `Cannot cast object '${text}' with class '${from}' to class '${to}'`,
  );

/** What is not to be had here at all; the text says what to use instead. */
export const notPermitted = (what: string, instead: string): ThrownValue =>
  exception(
    "org.jenkinsci.plugins.scriptsecurity.sandbox.RejectedAccessException",
    `Scripts not permitted to use ${what}: ${instead}`,
  );
