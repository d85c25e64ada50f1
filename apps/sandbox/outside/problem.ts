/** An answer that says no: `{ "error": { "code", "message" } }` with this status. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws Problem 404 */
export function found<Entity>(entity: Entity | undefined, what: string): Entity {
  if (entity === undefined) throw new Problem(404, 'not_found', `there is no such ${what}`);
  return entity;
}
