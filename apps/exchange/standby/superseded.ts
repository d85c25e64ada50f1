/** Another venue has become the primary; this one must not be started as one again. */
export class Superseded extends Error {
  override readonly name = 'Superseded';

  constructor(readonly term: number) {
    super(`fenced: term ${term} has begun elsewhere; this is not the primary any more and may only follow`);
  }
}
