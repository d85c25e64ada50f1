import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { Refusal } from './refusal.js';

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** A request whose fields are wrong, each named. */
export class InvalidRequest extends Refusal {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    const field = errors[0]?.field;
    super('invalid_request', {
      status: 400,
      title: 'The request is not valid',
      detail: 'Correct the fields named in "errors".',
      ...(field === undefined ? {} : { field }),
    });
    this.errors = errors;
  }
}

const MAX_ERRORS = 20;

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** Zod names the keys of a strict object that nobody asked for. */
  readonly keys?: readonly string[];
}

const segment = (part: unknown): string =>
  String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part).slice(0, 64);

const fieldErrors = (issue: Issue): FieldError[] => {
  const path = (issue.path ?? []).map(segment).join('.');
  if (!issue.keys?.length) return [{ field: path || 'body', message: issue.message.slice(0, 300) }];
  return issue.keys.map((key) => ({
    field: [path, key.slice(0, 64)].filter(Boolean).join('.'),
    message: 'is not known here',
  }));
};

/** A schema of one parameter knows no name for what it looks at; the parameter has one. */
class NamingValidationPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      const { data } = metadata;
      if (!(error instanceof InvalidRequest) || data === undefined) throw error;
      throw new InvalidRequest(
        error.errors.map(({ field, message }) => ({ field: field === 'body' ? data : `${data}.${field}`, message })),
      );
    }
  }
}

/** Validates every `@Body/@Query/@Param({ schema })`; wrong fields become one 400 that names them. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new NamingValidationPipe({
    exceptionFactory: (issues) => new InvalidRequest(issues.flatMap(fieldErrors).slice(0, MAX_ERRORS)),
  });
