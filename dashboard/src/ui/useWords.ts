import { useQuery } from "@tanstack/react-query";
import type { ErrorCode } from "../api/client";
import { errorCodesQuery } from "../api/queries";

/**
 * What a code means, in the API's words: those of a managed call if that is who was to pay. Nothing while they are not
 * here, and for a code that the API does not know.
 */
export function useWords(code: string, payer?: string | null): ErrorCode | undefined {
  const known = useQuery(errorCodesQuery).data?.find((known) => known.code === code);
  return known && payer === "managed" ? { ...known, ...known.managed } : known;
}
