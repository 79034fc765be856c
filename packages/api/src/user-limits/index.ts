export type { Budget, DataBudget, SomeUserLimits } from './ports.ts';
export { userLimitRoutes } from './routes.ts';
export { Limits, UserLimitsInput } from './schemas.ts';
export { type PlanService, createPlanService } from './service.ts';
export { spreadPlans } from './spread-plans.job.ts';
export {
  USER_PLAN_COLUMNS,
  type UserPlanRow,
  changeUserSql,
  createPlanStore,
  effectiveSql,
  leaveToUsers,
  limitAssignments,
  userPlanFromRow,
} from './store.ts';
export type { UserLimits, UserPlan } from './user-limits.ts';
