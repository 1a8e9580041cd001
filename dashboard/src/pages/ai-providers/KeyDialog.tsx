import { useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useRef } from "react";
import { Dialog } from "../../ui/Dialog";
import type { AtProvider } from "./AiProviders";
import { KeyForm } from "./KeyForm";

interface Props {
  opened: boolean;
  onClose: () => void;
  all: readonly AtProvider[];
  /** The provider the address names. */
  chosen: AtProvider | undefined;
  /** Whether only that one may be chosen. */
  fixed: boolean;
  onChoose: (provider: string) => void;
  planHasKeys: boolean;
}

/** Adding a key, and rotating one: the same, but that the other one is named which stays until the new one passes. */
export function KeyDialog({ opened, onClose, all, chosen, fixed, onChoose, planHasKeys }: Props) {
  const phone = useMediaQuery("(max-width: 48em)");
  const testing = useRef(false);

  function close() {
    if (testing.current) notifications.show({ message: "The test goes on; the card will show the result." });
    onClose();
  }

  return (
    <Dialog
      opened={opened}
      onClose={close}
      title={fixed && chosen ? `Rotate the ${chosen.provider.name} key` : "Add Provider Key"}
      size={560}
      fullScreen={phone}
    >
      <KeyForm
        all={all}
        chosen={chosen}
        fixed={fixed}
        onChoose={onChoose}
        onTesting={(busy) => {
          testing.current = busy;
        }}
        onClose={close}
        planHasKeys={planHasKeys}
      />
    </Dialog>
  );
}
