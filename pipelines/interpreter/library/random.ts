import { JavaRandom } from "../../java-random.ts";
import { isNumber, toBigInt, toInt } from "../numbers.ts";
import type { Runtime } from "../runtime.ts";
import { illegalArgument } from "../thrown.ts";
import { DoubleValue, FloatValue, LongValue, type Value } from "../values.ts";
import { LibraryValue } from "../library.ts";

/** java.util.Random: the same numbers as Java's for the same seed. */
export class RandomValue extends LibraryValue {
  readonly javaClass = "java.util.Random";
  private readonly random: JavaRandom;
  constructor(seed: bigint) {
    super();
    this.random = new JavaRandom(seed);
  }

  private bits(count: number): number {
    return this.random.bits(count);
  }

  nextInt(bound: number): number {
    if (bound <= 0) throw illegalArgument("bound must be positive");
    return this.random.below(bound);
  }

  nextDouble(): number {
    return (Number(BigInt(this.bits(26)) << 27n) + this.bits(27)) / 2 ** 53;
  }

  invoke(name: string, args: readonly Value[], run: Runtime): Value | undefined {
    run.meter.tick();
    const [bound = null] = args;
    switch (name) {
      case "nextInt":
        return isNumber(bound) ? this.nextInt(toInt(bound)) : this.bits(32);
      case "nextLong":
        return new LongValue((BigInt(this.bits(32)) << 32n) + BigInt(this.bits(32)));
      case "nextBoolean":
        return this.bits(1) !== 0;
      case "nextDouble":
        return new DoubleValue(this.nextDouble());
      case "nextFloat":
        return new FloatValue(this.bits(24) / (1 << 24));
      case "setSeed":
        if (isNumber(bound)) this.random.reseed(toBigInt(bound));
        return null;
      default:
        return undefined;
    }
  }

  toText(run: Runtime): string {
    return `java.util.Random@${run.identity(this).toString(16)}`;
  }
}
