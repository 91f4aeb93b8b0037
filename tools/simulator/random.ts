/** Seedable random numbers (mulberry32), the same on every machine. Not for secrets. */
export class Random {
  private state: number;
  private spare: number | undefined;

  constructor(private readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Uniform in [min, max). */
  between(min: number, max: number): number {
    return min + (max - min) * this.next();
  }

  /** A whole number in [min, max], including both. */
  integer(min: number, max: number): number {
    return Math.floor(this.between(min, max + 1));
  }

  /** Standard normal, with the polar method, which generates two at a time. */
  gaussian(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    let u: number;
    let v: number;
    let s: number;
    do {
      u = this.between(-1, 1);
      v = this.between(-1, 1);
      s = u * u + v * v;
    } while (s >= 1 || s === 0);
    const scale = Math.sqrt((-2 * Math.log(s)) / s);
    this.spare = v * scale;
    return u * scale;
  }

  /** How often something happens that happens `mean` times on average. */
  poisson(mean: number): number {
    // The loop below would be long, and its result is close to normal.
    if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.gaussian()));
    let probability = Math.exp(-mean);
    let count = 0;
    for (let left = this.next(); left >= probability && probability > 0; count++) {
      left -= probability;
      probability *= mean / (count + 1);
    }
    return count;
  }

  /**
   * An independent stream named `label`. It depends only on the seed and the label, so that another
   * product or more strikes leave all other price paths unchanged.
   */
  fork(label: string): Random {
    let hash = 0x811c9dc5 ^ this.seed;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    return new Random(hash);
  }
}
