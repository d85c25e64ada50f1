import { type ApiKeyScope } from '@platform/identity';
import { type Trader } from '../access/access.js';
import { type RequestFields } from './json-request.js';

/** What a handler sees of a request. */
export interface RestRequest {
  /** Of the path; each is there when its route names it. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: RequestFields;
  readonly body: RequestFields;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** JSON text. */
export type RestAnswer = string | Promise<string>;

export type RestRoute =
  | {
      readonly method: 'GET';
      readonly path: string;
      readonly access: 'public';
      readonly answer: (request: RestRequest) => RestAnswer;
    }
  | {
      readonly method: 'GET' | 'POST' | 'DELETE';
      readonly path: string;
      /** What the key must be allowed to do. */
      readonly access: ApiKeyScope;
      readonly answer: (request: RestRequest, trader: Trader) => RestAnswer;
    };

/** `{}`, what this wire answers when there is nothing to say. */
export const DONE = '{}';
