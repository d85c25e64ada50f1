/** No answer, a late one, or one that cannot be read: the request may or may not have had its effect. Ask again under the same key. */
export class OutsideUnavailable extends Error {
  override readonly name: string = 'OutsideUnavailable';
}

/** An answer that is not what was agreed: HTML, another shape, too much of it. As little is known as without an answer. */
export class OutsideNonsense extends OutsideUnavailable {
  override readonly name = 'OutsideNonsense';
}

/** A clear no: nothing happened, and asking again will not change it. */
export class OutsideRefused extends Error {
  override readonly name = 'OutsideRefused';

  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(`refused with ${status} ${code}`);
  }
}
