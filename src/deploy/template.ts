/** A resource of a CloudFormation template. */
export interface Resource {
  readonly Type: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: "Retain" | "Delete";
  readonly UpdateReplacePolicy?: "Retain" | "Delete";
  readonly Properties: Readonly<Record<string, unknown>>;
}

/** Resources by logical name. */
export type Resources = Readonly<Record<string, Resource>>;

/** What a stack tells whoever deployed it. */
export interface Output {
  readonly Description: string;
  readonly Value: unknown;
}

/** Outputs by logical name. */
export type Outputs = Readonly<Record<string, Output>>;

/** A text, or what CloudFormation makes one of: a reference, an import. */
export type Text = string | Readonly<Record<string, unknown>>;

/** What CloudFormation fills in for a resource or a parameter: a name, mostly. */
export function ref(logicalName: string): { readonly Ref: string } {
  return { Ref: logicalName };
}

/** An attribute of a resource, as CloudFormation fills it in. */
export function attribute(logicalName: string, name: string): Readonly<Record<string, unknown>> {
  return { "Fn::GetAtt": [logicalName, name] };
}

/** A text with references in it: `${AWS::Region}`, `${FlightsTable.Arn}`. */
export function substitute(text: string): Readonly<Record<string, unknown>> {
  return { "Fn::Sub": text };
}

/** An ARN in the account and the region of the stack. */
export function localArn(service: string, resource: string): Readonly<Record<string, unknown>> {
  return substitute(
    `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
  );
}
