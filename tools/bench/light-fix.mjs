/** A FIX client that costs next to nothing: it logs on, counts the reports that come and sends what it is given, so that a benchmark measures the server. */
import { connect } from 'node:net';

const SOH = '\u0001';
const REPORT = `${SOH}35=8${SOH}`;
const now = () => new Date().toISOString().replace(/-/g, '').replace('T', '-').replace('Z', '');

/** @param {number} port @param {string} compId @param {{ id: string, secret: string }} key */
export async function lightFix(port, compId, { id, secret }) {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  let seq = 0;
  let rest = '';
  /** @type {(reports: number) => void} */
  let handler = () => {};
  /** @param {string} type @param {string} fields each with its end */
  const send = (type, fields) => {
    const body = `35=${type}${SOH}34=${(seq += 1)}${SOH}49=${compId}${SOH}56=EXCHANGE${SOH}52=${now()}${SOH}${fields}`;
    const text = `8=FIX.4.4${SOH}9=${body.length}${SOH}${body}`;
    let sum = 0;
    for (let at = 0; at < text.length; at += 1) sum += text.charCodeAt(at);
    socket.write(`${text}10=${String(sum % 256).padStart(3, '0')}${SOH}`, 'latin1');
  };
  const loggedOn = new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', (data) => {
      const text = data.toString('latin1');
      if (text.includes(`${SOH}35=A${SOH}`)) resolve(undefined);
      else reject(new Error(text.replaceAll(SOH, '|')));
    });
  });
  send('A', `98=0${SOH}108=60${SOH}141=Y${SOH}553=${id}${SOH}554=${secret}${SOH}`);
  await loggedOn;
  socket.on('data', (data) => {
    const text = rest + data.toString('latin1');
    let reports = 0;
    let at = text.indexOf(REPORT);
    for (; at >= 0; at = text.indexOf(REPORT, at + REPORT.length)) reports += 1;
    // A mark cut in two is found with the next piece; a whole one is not counted again.
    rest = text.slice(-(REPORT.length - 1));
    if (reports > 0) handler(reports);
  });
  return {
    /** An order that rests for no time. @param {string} clientId */
    order: (clientId) =>
      send(
        'D',
        `11=${clientId}${SOH}55=BTC-USD${SOH}54=1${SOH}60=${now()}${SOH}38=1${SOH}40=2${SOH}44=1${SOH}59=3${SOH}`,
      ),
    /** @param {(reports: number) => void} next */
    onFrames: (next) => (handler = next),
    end: () => socket.destroy(),
  };
}
