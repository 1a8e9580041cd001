import { PasswordInput, Text, TextInput } from "@mantine/core";
import { type KeyboardEvent, useState } from "react";

export const PASSWORD_LENGTH_MIN = 10;

/** A form's field as text. */
export function field(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}

export function MailField({ mail }: { mail?: string | undefined }) {
  return (
    <TextInput
      name="mail"
      type="email"
      label="Email"
      autoComplete="username"
      defaultValue={mail}
      autoFocus={mail === undefined}
      required
      withAsterisk={false}
    />
  );
}

interface PasswordProps {
  name?: string;
  label?: string;
  isNew?: boolean;
  autoFocus?: boolean;
}

export function PasswordField({
  name = "password",
  label = "Password",
  isNew = false,
  autoFocus = false,
}: PasswordProps) {
  const [capsLock, setCapsLock] = useState(false);
  const look = (event: KeyboardEvent) => setCapsLock(event.getModifierState("CapsLock"));
  return (
    <div data-secret>
      <PasswordInput
        name={name}
        label={label}
        description={isNew ? `At least ${PASSWORD_LENGTH_MIN} characters. A sentence is a good password.` : undefined}
        minLength={isNew ? PASSWORD_LENGTH_MIN : undefined}
        autoComplete={isNew ? "new-password" : "current-password"}
        autoFocus={autoFocus}
        data-autofocus={autoFocus || undefined}
        onKeyDown={look}
        onKeyUp={look}
        visibilityToggleButtonProps={{ "aria-label": "Show password" }}
        required
        withAsterisk={false}
      />
      {capsLock && (
        <Text size="xs" c="dimmed" mt={4} role="status">
          Caps Lock is on.
        </Text>
      )}
    </div>
  );
}

export function NameField({ autoFocus = false }: { autoFocus?: boolean }) {
  return (
    <TextInput name="name" label="Your name" autoComplete="name" autoFocus={autoFocus} required withAsterisk={false} />
  );
}
