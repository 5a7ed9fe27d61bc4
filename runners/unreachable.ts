/** Stands where no case is left: a new one fails to compile here. */
export function unreachable(value: never): never {
  throw new Error(`unexpected ${JSON.stringify(value)}`);
}
