import { type Email } from '@platform/notifications';

/**
 * What identity writes to people. Links start at the configured address of the web app, never at a header of some request.
 */
export class Mails {
  readonly #webUrl: string;

  constructor(webUrl: string) {
    this.#webUrl = webUrl.replace(/\/+$/, '');
  }

  verifyEmail(to: string, token: string): Email {
    const link = `${this.#webUrl}/verify-email#token=${token}`;
    return {
      to,
      subject: 'Confirm your e-mail address',
      body: `Welcome to Strongroom.\n\nConfirm this address within 24 hours:\n${link}\n\nIf you did not ask for an account, ignore this message and nothing happens.\n`,
      variables: { token, link },
    };
  }

  /** To the owner of an account for whose address somebody registered again; the form itself says nothing. */
  alreadyRegistered(to: string): Email {
    const link = `${this.#webUrl}/forgot-password`;
    return {
      to,
      subject: 'You already have an account',
      body: `Somebody, perhaps you, asked for a new account with this address. You have one: sign in, or choose a new password here:\n${link}\n`,
      variables: { link },
    };
  }

  resetPassword(to: string, token: string): Email {
    const link = `${this.#webUrl}/reset-password#token=${token}`;
    return {
      to,
      subject: 'Choose a new password',
      body: `Choose a new password within the hour:\n${link}\n\nIt ends all sessions and API keys, and withdrawals wait 24 hours. Your authenticator app stays in force.\n\nIf you did not ask for this, ignore this message.\n`,
      variables: { token, link },
    };
  }

  invitation(to: string, token: string): Email {
    const link = `${this.#webUrl}/accept-invitation#token=${token}`;
    return {
      to,
      subject: 'You are invited to operate Strongroom',
      body: `Choose your password within 48 hours:\n${link}\n`,
      variables: { token, link },
    };
  }

  /** After a change the owner should know of, whoever made it. */
  changed(to: string, what: string): Email {
    return {
      to,
      subject: 'Your account was changed',
      body: `${what}\n\nIf this was not you, ask for a password reset now and write to support: withdrawals wait for 24 hours.\n`,
      variables: {},
    };
  }
}
