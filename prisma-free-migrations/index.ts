import { Base1790000000100 } from './0100-base.js';
import { Identity1790000000300 } from './0300-identity.js';
import { Audit1790000000310 } from './0310-audit.js';
import { Notifications1790000000320 } from './0320-notifications.js';

/** The database's history, oldest first. Landed files are never edited; a change is a new file. */
export const migrations = [Base1790000000100, Identity1790000000300, Audit1790000000310, Notifications1790000000320];
