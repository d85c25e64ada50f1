/** One message to one person. `variables` is what a program needs of it: in the sandbox, scripts read a token there. */
export interface Email {
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** The way out to people's mailboxes. It may be asked twice for one `id`, and should then deliver once if it can. */
export interface Mailer {
  /** Resolves once the other side has taken the message over. */
  deliver(id: string, email: Email): Promise<void>;
}
