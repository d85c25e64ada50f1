import { Base1790000000100 } from './0100-base.js';

/** The database's history, oldest first. Landed files are never edited; a change is a new file. */
export const migrations = [Base1790000000100];
