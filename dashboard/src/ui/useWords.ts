import { useQuery } from "@tanstack/react-query";
import type { ErrorCode } from "../api/client";
import { errorCodesQuery } from "../api/queries";

/** What a code means, in the API's words; nothing while they are not here, and for a code that it does not know. */
export function useWords(code: string): ErrorCode | undefined {
  return useQuery(errorCodesQuery).data?.find((known) => known.code === code);
}
