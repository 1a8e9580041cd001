import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Budget, budgetsQuery } from "../../api/money";
import { useHere } from "../../session/context";
import { useDenied } from "../../session/denied";
import { isMetered, usePlan } from "../../session/plan";
import { ChangeButton } from "../../ui/ChangeButton";
import { Denied } from "../../ui/Denied";
import { Empty } from "../../ui/Empty";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { BudgetCard } from "./BudgetCard";
import { BudgetDialog } from "./BudgetDialog";
import { RemoveDialog } from "./RemoveDialog";

export const CREATE = "POST /api/v1/workspaces/{ws}/budgets" as const;

export function Budgets() {
  const here = useHere();
  const plan = usePlan();
  const search = useSearch({ from: "/signed-in/w/$ws/settings/budgets" });
  const navigate = useNavigate();
  const budgets = useQuery(budgetsQuery(here.id));
  const [leaving, setLeaving] = useState<Budget | null>(null);
  const mayWrite = here.may(CREATE);
  const denied = useDenied(mayWrite, "admin", "Only admins can add, change or remove budgets.");
  const edited = budgets.data?.find(({ id }) => id === search.edit);
  const button = (
    <ChangeButton
      leftSection={<IconPlus size={16} stroke={1.75} />}
      denied={denied}
      w={{ base: "100%", xs: "auto" }}
      onClick={() => void navigate({ to: ".", search: { new: true } })}
    >
      Add a budget
    </ChangeButton>
  );
  return (
    <Page title="Budgets" purpose="Stop or warn before too much is spent." within={here.name} action={button}>
      {denied && <Denied>{denied}</Denied>}
      <Loaded query={budgets} heights={[140, 140]}>
        {(budgets) =>
          budgets.length === 0 ? (
            <Empty title="No caps" action={mayWrite ? button : undefined}>
              Calls are limited by {plan && isMetered(plan) ? "credits and your providers" : "your providers"}. A budget
              counts at list price, whoever pays.
            </Empty>
          ) : (
            budgets.map((budget) => (
              <BudgetCard key={budget.id} budget={budget} denied={denied} onRemove={() => setLeaving(budget)} />
            ))
          )
        }
      </Loaded>
      <BudgetDialog
        opened={mayWrite && (search.new === true || edited !== undefined)}
        budget={edited}
        onClose={() => void navigate({ to: ".", search: {} })}
      />
      <RemoveDialog budget={leaving} onClose={() => setLeaving(null)} />
    </Page>
  );
}
