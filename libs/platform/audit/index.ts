export { AuditModule } from './audit.module.js';
export { Audit, listAuditRecords, readAuditHead, readAuditRecords, type AuditFilter } from './audit.js';
export { type Actor, type AuditEntry, type AuditRecord, type Json } from './audit-record.js';
export { AnchorSigner, FileAnchorStore, type Anchor, type AnchorStore } from './anchor.js';
export { ChainVerifier, verifyAuditChain, type ChainFault, type ChainVerdict } from './verify-audit-chain.js';
