/** Ends a `switch` over a closed union: a member that was forgotten does not compile, and one that slips in at run time is our bug. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
