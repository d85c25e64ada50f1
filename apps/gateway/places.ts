/** So many at once, and so many of one network: who waits to be let in has its place too. */
export class Places {
  #taken = 0;
  readonly #ofNetwork = new Map<string, number>();

  constructor(
    private readonly most: number,
    private readonly mostOfNetwork: number,
  ) {}

  /** Undefined when it was taken; else whose are all taken. */
  take(network: string): 'full' | 'network full' | undefined {
    const ofNetwork = this.#ofNetwork.get(network) ?? 0;
    if (this.#taken >= this.most) return 'full';
    if (ofNetwork >= this.mostOfNetwork) return 'network full';
    this.#taken += 1;
    this.#ofNetwork.set(network, ofNetwork + 1);
    return undefined;
  }

  release(network: string): void {
    this.#taken -= 1;
    const left = (this.#ofNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#ofNetwork.delete(network);
    else this.#ofNetwork.set(network, left);
  }
}
