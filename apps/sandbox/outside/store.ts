import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** One change: the entity's collection, its id, and all of it as it is now. */
type Put = readonly [collection: string, id: string, entity: unknown];

const FILE = 'state.jsonl';

/**
 * What a sandbox process remembers. Entities live in memory; a commit appends the changed ones to a file as one line and syncs it, so that a
 * kill at any moment loses nothing that was answered and never keeps half of a change: a torn last line is a commit that nobody was told of.
 */
export class Store {
  readonly #file: FileHandle;
  readonly #collections: Map<string, Map<string, unknown>>;
  #staged: Put[] = [];
  #flushing: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;

  private constructor(file: FileHandle, collections: Map<string, Map<string, unknown>>) {
    this.#file = file;
    this.#collections = collections;
  }

  /** Reads the folder's state, writes it back without its history, and goes on from there. */
  static async open(folder: string): Promise<Store> {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, FILE);
    const collections = existsSync(path) ? replay(readFileSync(path, 'utf8')) : new Map<string, Map<string, unknown>>();
    compact(path, collections);
    return new Store(await open(path, 'a'), collections);
  }

  collection<Entity extends object>(name: string): Collection<Entity> {
    const entities = this.#collections.get(name) ?? new Map<string, unknown>();
    this.#collections.set(name, entities);
    return new Collection(entities as Map<string, Entity>, (id, entity) => this.#staged.push([name, id, entity]));
  }

  /** Resolves when everything put so far is on disk. Commits that wait for the same sync share it. */
  commit(): Promise<void> {
    this.#waiting ??= this.#flushing.then(() => {
      this.#waiting = undefined;
      this.#flushing = this.#flush();
      return this.#flushing;
    });
    return this.#waiting;
  }

  async close(): Promise<void> {
    await this.commit();
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    if (this.#staged.length === 0) return;
    const line = `${JSON.stringify(this.#staged)}\n`;
    this.#staged = [];
    try {
      await this.#file.appendFile(line);
      await this.#file.datasync();
    } catch (error) {
      // After a failed sync the page cache can no longer be trusted; only a restart from the file knows what is true.
      process.stderr.write(`sandbox state cannot be written: ${String(error)}\n`);
      process.exit(1);
    }
  }
}

/** Entities of one kind by id, in the order in which they first appeared. They are replaced, never changed in place. */
export class Collection<Entity extends object> {
  constructor(
    private readonly entities: Map<string, Entity>,
    private readonly stage: (id: string, entity: Entity) => void,
  ) {}

  get size(): number {
    return this.entities.size;
  }

  get(id: string): Entity | undefined {
    return this.entities.get(id);
  }

  all(): Entity[] {
    return [...this.entities.values()];
  }

  /** In memory at once, on disk with the next commit. */
  put(id: string, entity: Entity): Entity {
    this.entities.set(id, entity);
    this.stage(id, entity);
    return entity;
  }
}

function replay(text: string): Map<string, Map<string, unknown>> {
  const collections = new Map<string, Map<string, unknown>>();
  // What follows the last newline was never acknowledged.
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    for (const [name, id, entity] of JSON.parse(line) as Put[]) {
      const entities = collections.get(name) ?? new Map<string, unknown>();
      collections.set(name, entities.set(id, entity));
    }
  }
  return collections;
}

function compact(path: string, collections: Map<string, Map<string, unknown>>): void {
  const file = openSync(`${path}.new`, 'w');
  for (const [name, entities] of collections) {
    for (const [id, entity] of entities) writeSync(file, `${JSON.stringify([[name, id, entity]])}\n`);
  }
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
}
