export { type Approval, APPROVAL_STATES, type ApprovalEvent, type ApprovalState } from './approval.js';
export { approvalHistory, type ApprovalStep, findApproval, listApprovals } from './approvals.js';
export { ApprovalsModule } from './approvals.module.js';
export { DecideApproval, type Decision } from './decide-approval.js';
export { type Execute, ExecuteApprovals, type ExecuteOutside, type ExecutionParts } from './execute-approvals.js';
export { type ApprovalRefusal } from './refusals.js';
export { type ApprovalKind, RequestApproval } from './request-approval.js';
