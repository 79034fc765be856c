export type { Budget, DataBudget, SomeUserLimits } from './ports.ts';
export { Limits, UserLimitsInput } from './schemas.ts';
export {
  USER_PLAN_COLUMNS,
  type UserPlanRow,
  changeUserSql,
  effectiveSql,
  leaveToUsers,
  limitAssignments,
  userPlanFromRow,
} from './store.ts';
export type { UserLimits, UserPlan } from './user-limits.ts';
