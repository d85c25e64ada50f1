/** Between fields. */
export const SOH = '\x01';

/** The messages of FIX 4.4 that this venue speaks. */
export const MSG = {
  HEARTBEAT: '0',
  TEST_REQUEST: '1',
  RESEND_REQUEST: '2',
  REJECT: '3',
  SEQUENCE_RESET: '4',
  LOGOUT: '5',
  LOGON: 'A',
  EXECUTION_REPORT: '8',
  ORDER_CANCEL_REJECT: '9',
  NEW_ORDER_SINGLE: 'D',
  ORDER_CANCEL_REQUEST: 'F',
  ORDER_CANCEL_REPLACE_REQUEST: 'G',
  ORDER_STATUS_REQUEST: 'H',
  ORDER_MASS_CANCEL_REQUEST: 'q',
  ORDER_MASS_CANCEL_REPORT: 'r',
  ORDER_MASS_STATUS_REQUEST: 'AF',
  MARKET_DATA_REQUEST: 'V',
  MARKET_DATA_SNAPSHOT: 'W',
  MARKET_DATA_INCREMENTAL: 'X',
  MARKET_DATA_REQUEST_REJECT: 'Y',
  SECURITY_LIST_REQUEST: 'x',
  SECURITY_LIST: 'y',
  TRADE_CAPTURE_REPORT_REQUEST: 'AD',
  TRADE_CAPTURE_REPORT_REQUEST_ACK: 'AQ',
  TRADE_CAPTURE_REPORT: 'AE',
  BUSINESS_MESSAGE_REJECT: 'j',
} as const;

const ADMIN = new Set<string>([
  MSG.HEARTBEAT,
  MSG.TEST_REQUEST,
  MSG.RESEND_REQUEST,
  MSG.REJECT,
  MSG.SEQUENCE_RESET,
  MSG.LOGOUT,
  MSG.LOGON,
]);

/** Of the session itself: never sent again, a gap fill stands for it. */
export const isAdmin = (msgType: string): boolean => ADMIN.has(msgType);

/** SessionRejectReason (373). */
export const SESSION_REJECT = {
  INVALID_TAG_NUMBER: 0,
  REQUIRED_TAG_MISSING: 1,
  TAG_WITHOUT_VALUE: 4,
  VALUE_IS_INCORRECT: 5,
  INCORRECT_DATA_FORMAT: 6,
  COMP_ID_PROBLEM: 9,
  SENDING_TIME_ACCURACY: 10,
  INVALID_MSG_TYPE: 11,
  TAG_MORE_THAN_ONCE: 13,
  TAG_OUT_OF_ORDER: 14,
  GROUP_COUNT: 16,
} as const;

/** What is wrong with a message whose length and checksum are right. */
export interface FieldFault {
  /** 0 where no tag can be named. */
  readonly tag: number;
  /** SessionRejectReason. */
  readonly reason: number;
  readonly text: string;
}

/** The fields of one message in the order in which they came, checksum left out. Values are Latin-1 text. */
export class FixMessage {
  constructor(
    readonly tags: readonly number[],
    readonly values: readonly string[],
    readonly fault: FieldFault | undefined,
  ) {}

  /** BeginString: the reader has made sure that it is first. */
  get beginString(): string {
    return this.values[0] ?? '';
  }

  get msgType(): string {
    return this.get(35) ?? '';
  }

  /** The first field of that tag; undefined when there is none. */
  get(tag: number): string | undefined {
    const at = this.tags.indexOf(tag);
    return at < 0 ? undefined : this.values[at];
  }

  has(tag: number): boolean {
    return this.tags.includes(tag);
  }

  /** A field that is a whole number of at most nine digits; undefined when there is none or it is not. */
  integer(tag: number): number | undefined {
    const text = this.get(tag);
    return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : undefined;
  }

  /** MsgSeqNum, which may have leading zeros and is never 0. */
  get seqNum(): number | undefined {
    const number = this.integer(34);
    return number !== undefined && number > 0 ? number : undefined;
  }

  get isPossDup(): boolean {
    return this.get(43) === 'Y';
  }

  /**
   * The entries of a repeating group: each begins with `first` and goes on with tags of `members`.
   * @returns undefined when their number is not what the count says
   */
  group(count: number, first: number, members: ReadonlySet<number>): ReadonlyMap<number, string>[] | undefined {
    const start = this.tags.indexOf(count);
    if (start < 0) return [];
    const entries: Map<number, string>[] = [];
    for (let at = start + 1; at < this.tags.length; at += 1) {
      const tag = this.tags[at] ?? 0;
      if (tag === first) entries.push(new Map());
      else if (!members.has(tag)) break;
      entries.at(-1)?.set(tag, this.values[at] ?? '');
    }
    return entries.length === this.integer(count) ? entries : undefined;
  }
}

/** The fields of a message to be sent, without header and checksum. */
export class FixBody {
  #text = '';

  /** Leaves out what is undefined. Separators and what is not Latin-1 become `?`, so that no value can end its field. */
  add(tag: number, value: string | number | bigint | undefined): this {
    if (value === undefined) return this;
    const text = typeof value === 'string' ? printable(value) : String(value);
    // An empty field is a fault by the standard.
    if (text !== '') this.#text += `${tag}=${text}${SOH}`;
    return this;
  }

  toString(): string {
    return this.#text;
  }
}

const printable = (value: string): string => (/^[ -~]*$/.test(value) ? value : value.replace(/[^ -~\xa0-\xff]/g, '?'));
