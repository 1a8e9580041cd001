import { Box } from "@mantine/core";
import { useIsFetching } from "@tanstack/react-query";
import { isAwaited } from "../api/queries";
import { useDelayed } from "../ui/useDelayed";
import classes from "./Refetching.module.css";

const PATIENCE_MS = 150;

/** A thin bar while something is asked for anew: what is shown stays meanwhile. */
export function Refetching() {
  const late = useDelayed(useIsFetching({ predicate: isAwaited }) > 0, PATIENCE_MS);
  return late ? <Box className={classes.bar} aria-hidden /> : null;
}
