/**
 * What this venue reads of the messages that it takes, for tag-level faults alone. Other fields of the standard, and user-defined ones, are
 * passed over: clients send account names, handling instructions and parties that mean nothing here.
 */
import { type FieldFault, type FixMessage, MSG, SESSION_REJECT } from './fix-message.js';
import { parseDate, parseTimestamp } from './fix-time.js';

type Format = 'text' | 'char' | 'flag' | 'integer' | 'count' | 'decimal' | 'timestamp' | 'date';

interface Shape {
  readonly required: readonly number[];
  readonly optional?: readonly number[];
  /** Repeating groups: their count, then what may stand in them. */
  readonly groups?: readonly { readonly count: number; readonly first: number; readonly isRequired: boolean }[];
}

const FORMATS: Readonly<Record<number, Format>> = {
  1: 'text', 7: 'count', 11: 'text', 16: 'count', 17: 'text', 18: 'text', 34: 'count', 36: 'count', 37: 'text', 38: 'decimal', 40: 'char',
  41: 'text', 43: 'flag', 44: 'decimal', 45: 'count', 49: 'text', 52: 'timestamp', 54: 'char', 55: 'text', 56: 'text', 58: 'text',
  59: 'char', 60: 'timestamp', 97: 'flag', 98: 'integer', 99: 'decimal', 108: 'integer', 110: 'decimal', 112: 'text', 122: 'timestamp',
  123: 'flag', 126: 'timestamp', 141: 'flag', 146: 'count', 210: 'decimal', 111: 'decimal', 262: 'text', 263: 'char', 264: 'integer',
  265: 'integer', 266: 'flag', 267: 'count', 320: 'text', 432: 'date', 530: 'char', 553: 'text', 554: 'text', 559: 'integer', 568: 'text',
  569: 'integer', 580: 'count', 584: 'text', 585: 'integer',
}; // prettier-ignore

/** Inside V's groups these belong to the instrument. */
export const INSTRUMENT_FIELDS: ReadonlySet<number> = new Set([55, 65, 48, 22, 460, 461, 167, 762, 200, 541, 207, 106, 107, 15]); // prettier-ignore

const SHAPES: Readonly<Record<string, Shape>> = {
  [MSG.HEARTBEAT]: { required: [], optional: [112] },
  [MSG.TEST_REQUEST]: { required: [112] },
  [MSG.RESEND_REQUEST]: { required: [7, 16] },
  [MSG.REJECT]: { required: [45] },
  [MSG.SEQUENCE_RESET]: { required: [36], optional: [123] },
  [MSG.LOGOUT]: { required: [] },
  [MSG.LOGON]: { required: [98, 108], optional: [141, 553, 554] },
  [MSG.BUSINESS_MESSAGE_REJECT]: { required: [372, 380] },
  [MSG.NEW_ORDER_SINGLE]: {
    required: [11, 55, 54, 60, 40, 38],
    optional: [1, 18, 44, 59, 99, 110, 111, 126, 210, 432],
  },
  [MSG.ORDER_CANCEL_REQUEST]: { required: [41, 11, 54, 60], optional: [37, 38, 55] },
  [MSG.ORDER_CANCEL_REPLACE_REQUEST]: {
    required: [41, 11, 54, 60, 40, 38],
    optional: [37, 44, 55, 59, 99],
  },
  [MSG.ORDER_STATUS_REQUEST]: { required: [11, 54], optional: [37, 55] },
  [MSG.ORDER_MASS_CANCEL_REQUEST]: { required: [11, 530, 60], optional: [54, 55] },
  [MSG.ORDER_MASS_STATUS_REQUEST]: { required: [584, 585], optional: [54, 55] },
  [MSG.MARKET_DATA_REQUEST]: {
    required: [262, 263, 264],
    optional: [265, 266],
    groups: [
      { count: 267, first: 269, isRequired: true },
      { count: 146, first: 55, isRequired: true },
    ],
  },
  [MSG.SECURITY_LIST_REQUEST]: { required: [320, 559], optional: [55, 263] },
  [MSG.TRADE_CAPTURE_REPORT_REQUEST]: {
    required: [568, 569],
    optional: [263, 17, 37, 11, 55, 54],
    groups: [{ count: 580, first: 75, isRequired: false }],
  },
};

const HEADER_FORMATS = [34, 49, 52, 56] as const;
const HEADER_OPTIONAL = [43, 97, 122] as const;

/** Whether the venue takes messages of this type at all. */
export const isKnownType = (msgType: string): boolean => Object.hasOwn(SHAPES, msgType);

/** Types of the standard that are none of ours get a business reject, anything else is a fault of the session. */
export const isStandardType = (msgType: string): boolean => /^([0-9A-Za-z]|A[A-Z]|B[A-H])$/.test(msgType);

/** The first tag-level fault of a message; undefined when it is sound. Header first, so that an invalid number never gets further. */
export function faultOf(message: FixMessage): FieldFault | undefined {
  if (message.fault !== undefined) return message.fault;
  const shape = SHAPES[message.msgType] ?? { required: [] };
  const groups = shape.groups ?? [];
  const required = [...HEADER_FORMATS, ...shape.required, ...groups.flatMap((it) => (it.isRequired ? [it.count] : []))];
  for (const tag of required)
    if (!message.has(tag)) return { tag, reason: SESSION_REJECT.REQUIRED_TAG_MISSING, text: 'required tag missing' };
  for (const tag of [...required, ...HEADER_OPTIONAL, ...(shape.optional ?? [])]) {
    const value = message.get(tag);
    const format = FORMATS[tag];
    if (value === undefined || format === undefined) continue;
    if (!isOf(format, value)) return { tag, reason: SESSION_REJECT.INCORRECT_DATA_FORMAT, text: `not a ${format}` };
    if (message.tags.indexOf(tag) !== message.tags.lastIndexOf(tag) && groups.every((it) => it.first !== tag))
      return { tag, reason: SESSION_REJECT.TAG_MORE_THAN_ONCE, text: 'a field given twice' };
  }
  for (const { count, first } of groups)
    if (message.has(count) && message.group(count, first, membersOf(first)) === undefined)
      return { tag: count, reason: SESSION_REJECT.GROUP_COUNT, text: 'the group has another number of entries' };
  return undefined;
}

/** What may stand in an entry of a group that begins with this tag. */
export const membersOf = (first: number): ReadonlySet<number> =>
  first === 55 ? INSTRUMENT_FIELDS : first === 75 ? new Set([75, 60]) : new Set([first]);

function isOf(format: Format, value: string): boolean {
  switch (format) {
    case 'text':
      return value.length <= 256;
    case 'char':
      return value.length === 1;
    case 'flag':
      return value === 'Y' || value === 'N';
    case 'integer':
      return /^-?\d{1,9}$/.test(value);
    case 'count':
      return /^\d{1,9}$/.test(value);
    case 'decimal':
      return /^-?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})$/.test(value);
    case 'timestamp':
      return parseTimestamp(value) !== undefined;
    case 'date':
      return parseDate(value) !== undefined;
  }
}
