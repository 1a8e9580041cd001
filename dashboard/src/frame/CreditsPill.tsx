import { Badge, UnstyledButton } from "@mantine/core";
import { IconWallet } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { creditsQuery } from "../api/money";
import { isZero } from "../format/amount";
import { glance } from "../format/credits";
import { useHere } from "../session/context";
import { isMetered, usePlan } from "../session/plan";

/** What is left and how long it lasts, where anything draws on it. */
export function CreditsPill() {
  const here = useHere();
  const plan = usePlan();
  const credits = useQuery(creditsQuery(here.id));
  if (!credits.data || !plan) return null;
  const { available, runway_days } = credits.data;
  if (!isMetered(plan) && isZero(credits.data.balance)) return null;
  return (
    <UnstyledButton
      renderRoot={(props) => (
        <Link to="/w/$ws/settings/billing" params={{ ws: here.id }} search={{}} preload="intent" {...props} />
      )}
    >
      <Badge
        variant="default"
        tt="none"
        fw={500}
        fz="xs"
        size="lg"
        leftSection={<IconWallet size={14} stroke={1.75} aria-hidden />}
      >
        {glance(available, runway_days)}
      </Badge>
    </UnstyledButton>
  );
}
