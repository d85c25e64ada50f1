/** The node gave no usable answer: unreachable, late, too long, not JSON, not of the shape it should have. Nothing is known. */
export class NodeUnavailable extends Error {
  override readonly name = 'NodeUnavailable';
}

/** The node answered with an error of its own. The text stays inside: it is never shown to a customer. */
export class NodeRefused extends Error {
  override readonly name = 'NodeRefused';

  constructor(
    readonly method: string,
    readonly rpcCode: number,
    readonly nodeText: string,
  ) {
    super(`${method} was refused with ${rpcCode}`);
  }
}

/**
 * Whether nothing is known because the node did not do what it was asked: no usable answer, or a refusal that nobody expected there (it is
 * still starting, say, or we ask too often). What was to be done waits for the next round.
 */
export const isNodeTrouble = (error: unknown): error is NodeUnavailable | NodeRefused =>
  error instanceof NodeUnavailable || error instanceof NodeRefused;

/** The node contradicts itself, us, or another node: another chain, a block that does not hash to its name, a value that cannot be. */
export class NodeLies extends Error {
  override readonly name = 'NodeLies';
}
