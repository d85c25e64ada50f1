/** A WebSocket client that costs next to nothing: it counts the frames that come and masks with zeros what goes, so that a benchmark measures the server. */
import { connect } from 'node:net';

/** @param {number} port @param {string} path @param {(frames: number) => void} onFrames */
export async function lightSocket(port, path, onFrames) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`); // prettier-ignore
  let handler = onFrames;
  let left = 0;
  let head = Buffer.alloc(0);
  const count = (chunk) => {
    let bytes = head.length > 0 ? Buffer.concat([head, chunk]) : chunk;
    head = Buffer.alloc(0);
    let frames = 0;
    let at = 0;
    while (at < bytes.length) {
      if (left > 0) {
        const taken = Math.min(left, bytes.length - at);
        at += taken;
        left -= taken;
        if (left === 0) frames += 1;
        continue;
      }
      const short = bytes[at + 1] ?? 127;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.length - at < header) {
        head = Buffer.from(bytes.subarray(at));
        break;
      }
      left = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      at += header;
    }
    if (frames > 0) handler(frames);
  };
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (data) => {
      const end = data.indexOf('\r\n\r\n');
      if (!data.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(data.toString('latin1', 0, 60)));
      socket.on('data', count);
      if (data.length > end + 4) count(data.subarray(end + 4));
      resolve(undefined);
    });
  });
  return {
    /** @param {string} text ASCII */
    send(text) {
      const length = text.length;
      const frame = Buffer.allocUnsafe((length < 126 ? 6 : 8) + length);
      frame[0] = 0x81;
      const at = length < 126 ? 2 : 4;
      frame[1] = 0x80 | (length < 126 ? length : 126);
      if (length >= 126) frame.writeUInt16BE(length, 2);
      frame.fill(0, at, at + 4);
      frame.write(text, at + 4, 'latin1');
      socket.write(frame);
    },
    /** @param {(frames: number) => void} next */
    onFrames(next) {
      handler = next;
    },
    end: () => socket.destroy(),
  };
}
