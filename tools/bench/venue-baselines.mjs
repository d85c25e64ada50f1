/**
 * What `npm run bench:venue` is compared with, in a process of its own: a bare `ws` JSON echo whose answers of a turn leave corked after one fdatasync
 * (with FILE), a bare HTTP server that does the same, and a bare `ws` broadcast. `venue-baselines.mjs [FILE]` prints its ports.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const [, , file] = process.argv;
const journal = file ? openSync(file, 'w') : -1;
process.on('exit', () => journal >= 0 && closeSync(journal));

let waiting = [];
/** @param {string} written @param {() => void} answer */
function afterSync(written, answer) {
  if (waiting.length === 0) setImmediate(answerAll);
  waiting.push({ written, answer });
}

function answerAll() {
  const turn = waiting;
  waiting = [];
  if (journal >= 0) {
    writeSync(journal, turn.map(({ written }) => written).join(''), 0);
    fdatasyncSync(journal);
  }
  for (const { answer } of turn) answer();
}

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

/** @param {(ws: import('ws').WebSocket, socket: import('node:stream').Duplex) => void} onOpen */
async function sockets(onOpen) {
  const server = createServer();
  const ws = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => ws.handleUpgrade(request, socket, head, (client) => onOpen(client, socket))); // prettier-ignore
  return listen(server);
}

const echo = await sockets((client, socket) => {
  let seqnum = 0;
  let isCorked = false;
  client.on('message', (data) => {
    const text = data.toString();
    const message = JSON.parse(text);
    afterSync(text, () => {
      if (!isCorked) {
        isCorked = true;
        socket.cork();
        process.nextTick(() => {
          isCorked = false;
          socket.uncork();
        });
      }
      client.send(JSON.stringify({ seqnum: seqnum++, event: 'updated', ...message }));
    });
  });
});

const subscribers = new Set();
const broadcast = await sockets((client) => {
  subscribers.add(client);
  client.on('close', () => subscribers.delete(client));
  client.on('message', (data) => {
    const message = Buffer.from(JSON.stringify({ event: 'updated', ...JSON.parse(data.toString()) }));
    for (const subscriber of subscribers) subscriber.send(message, { binary: false });
  });
});

const http = await listen(
  createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const message = JSON.parse(body);
      afterSync(body, () => {
        const text = JSON.stringify({ ...message, ordStatus: 'OPEN' });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
      });
    });
  }),
);

console.log(JSON.stringify({ echo, broadcast, http }));
