/** The buffer that the host fills with sequenced commands, in the layouts of @core/contracts. */
import { capacity } from './capacity.js';

const { COMMAND_BUFFER_BYTES } = capacity;

export const commandBuffer = new Uint8Array(new SharedArrayBuffer(COMMAND_BUFFER_BYTES));

/** The same memory by words and by amounts. A command at word `w` has its amounts at `w >> 1`. */
export const commands = {
  words: new Int32Array(commandBuffer.buffer),
  amounts: new BigInt64Array(commandBuffer.buffer),
} as const;

/** First word of a command: length in bytes, code, version. Second: its origin, the session. */
export const bytesOf = (firstWord: number): number => firstWord & 0xffff;
export const codeOf = (firstWord: number): number => (firstWord >> 16) & 0xff;
export const SESSION = 1;
