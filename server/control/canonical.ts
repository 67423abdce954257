export { canonical, canonicalHash } from '../../actors/command/approval-plan.ts';
