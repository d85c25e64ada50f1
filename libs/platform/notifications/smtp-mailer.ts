import { createTransport, type Transporter } from 'nodemailer';
import { type Secret } from '@base/config';
import { type Email, type Mailer } from './mailer.js';

const TIMEOUT_MS = 10_000;

/**
 * Mail through a submission server (RFC 6409). Outside the machine itself the connection is encrypted, by `smtps:` or by STARTTLS, or nothing is
 * sent. The message's id is made of ours, so a server or reader that sees it twice can tell.
 */
export class SmtpMailer implements Mailer {
  readonly #transport: Transporter;
  readonly #from: string;
  readonly #domain: string;

  /** @param options.url `smtps://user:password@host:465` or `smtp://user:password@host:587` */
  constructor(options: { url: Secret; from: string }) {
    const { protocol, hostname, port, username, password } = new URL(options.url.reveal());
    const secure = protocol === 'smtps:';
    this.#from = options.from;
    this.#domain = /@([\w.-]+)/.exec(options.from)?.[1] ?? 'localhost';
    this.#transport = createTransport({
      host: hostname,
      port: Number(port || (secure ? 465 : 587)),
      secure,
      requireTLS: !secure && hostname !== '127.0.0.1' && hostname !== 'localhost',
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    });
  }

  async deliver(id: string, email: Email): Promise<void> {
    await this.#transport.sendMail({
      from: this.#from,
      // As an object: text that somebody typed is an address, never a list or a header.
      to: { name: '', address: email.to },
      subject: email.subject,
      text: email.body,
      messageId: `<${id}@${this.#domain}>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }
}
