// dynamics-web-api changes the schema: the definitions of Microsoft's documentation, sent by its methods.
import assert from "node:assert/strict";
import { connect, mark, refused } from "./dynamics_web_api_client.mjs";

const NAMESPACE = "Microsoft.Dynamics.CRM.";
const client = connect();

function label(text) {
    const LocalizedLabels = [{ "@odata.type": `${NAMESPACE}LocalizedLabel`, Label: text, LanguageCode: 1033 }];
    return { "@odata.type": `${NAMESPACE}Label`, LocalizedLabels };
}

function column(type, SchemaName, members = {}) {
    return {
        "@odata.type": `${NAMESPACE}${type}AttributeMetadata`,
        AttributeType: type,
        AttributeTypeName: { Value: `${type}Type` },
        Description: label(`About ${SchemaName}`),
        DisplayName: label(SchemaName),
        RequiredLevel: { Value: "None", CanBeChanged: true, ManagedPropertyLogicalName: "canmodifyrequirementlevelsettings" },
        SchemaName,
        ...members,
    };
}

async function bankAccount() {
    const SchemaName = `new_Bank${mark()}`;
    const data = {
        "@odata.type": `${NAMESPACE}EntityMetadata`,
        Attributes: [column("String", "new_AccountName", { IsPrimaryName: true, FormatName: { Value: "Text" }, MaxLength: 100 })],
        Description: label("An entity to store information about customer bank accounts"),
        DisplayCollectionName: label("Bank Accounts"),
        DisplayName: label("Bank Account"),
        HasActivities: false, HasNotes: false, IsActivity: false, OwnershipType: "UserOwned", SchemaName,
    };
    const id = await client.createEntity({ data });
    const table = await client.retrieveEntity({ key: id });
    return { id, name: table.LogicalName, collection: table.EntitySetName };
}

export async function a_table_is_created_changed_and_deleted() {
    const { id, name, collection } = await bankAccount();
    assert.match(id, /^[0-9a-f-]{36}$/);
    const key = await client.create({ collection, data: { new_accountname: "Giro" } });
    assert.equal((await client.retrieve({ collection, key })).new_accountname, "Giro");
    const definition = await client.retrieveEntity({ key: `LogicalName='${name}'` });
    await client.updateEntity({ data: { ...definition, DisplayName: label("Bank House") }, mergeLabels: true });
    const changed = await client.retrieveEntity({ key: id, select: ["DisplayName"] });
    assert.equal(changed.DisplayName.UserLocalizedLabel.Label, "Bank House");
    await client.deleteRecord({ collection: "EntityDefinitions", key: id });
    assert.equal((await refused(client.retrieveEntity({ key: id }))).status, 404);
    assert.equal((await refused(client.retrieveMultiple({ collection }))).status, 404);
}

export async function columns_of_every_documented_type() {
    const { id, name, collection } = await bankAccount();
    const entityKey = `LogicalName='${name}'`;
    const columns = [
        column("String", "new_BankName", { FormatName: { Value: "Text" }, MaxLength: 100 }),
        column("Money", "new_Balance", { PrecisionSource: 2 }),
        column("DateTime", "new_Checkeddate", { Format: "DateOnly" }),
        column("Boolean", "new_Boolean", {
            DefaultValue: false,
            OptionSet: {
                TrueOption: { Value: 1, Label: label("True") }, FalseOption: { Value: 0, Label: label("False") },
                OptionSetType: "Boolean",
            },
        }),
        column("Decimal", "new_Decimal", { MaxValue: 100.0, MinValue: 0.0, Precision: 1 }),
        column("Integer", "new_Integer", { MaxValue: 100, MinValue: 0, Format: "None", SourceTypeMask: 0 }),
        column("Memo", "new_Memo", { Format: "TextArea", ImeMode: "Disabled", MaxLength: 500 }),
        column("Picklist", "new_Choice", {
            OptionSet: {
                IsGlobal: false, OptionSetType: "Picklist",
                Options: [{ Value: 727000000, Label: label("Bravo") }, { Value: 727000001, Label: label("Delta") }],
            },
        }),
    ];
    const ids = [];
    for (const data of columns) ids.push(await client.createAttribute({ entityKey, data }));
    assert.equal(new Set(ids).size, columns.length);
    const data = {
        new_bankname: "B", new_balance: 10.5, new_checkeddate: "2020-10-05", new_boolean: true, new_decimal: 7.5,
        new_integer: 9, new_memo: "M", new_choice: 727000001,
    };
    const key = await client.create({ collection, data });
    const row = await client.retrieve({ collection, key, includeAnnotations: "*" });
    const { new_checkeddate, ...plain } = data;
    for (const [column_, value] of Object.entries(plain)) assert.equal(row[column_], value, column_);
    assert.equal(new Date(row.new_checkeddate).toISOString().slice(0, 10), new_checkeddate);
    assert.equal(row.new_choice_Formatted, "Delta");
    assert.equal(row._transactioncurrencyid_value_LogicalName, "transactioncurrency");
    const long = { collection, data: { new_bankname: "x".repeat(101) } };
    assert.equal((await refused(client.create(long))).status, 400);
    const castType = `${NAMESPACE}StringAttributeMetadata`;
    const attribute = await client.retrieveAttribute({ entityKey, attributeKey: ids[0], castType });
    const wider = { ...attribute, "@odata.type": castType, MaxLength: 200 };
    await client.updateAttribute({ entityKey, castType, data: wider, mergeLabels: true });
    await client.create(long);
    await client.deleteRecord({ collection: "EntityDefinitions", key: id });
}

export async function relationships() {
    const { id, name, collection } = await bankAccount();
    const SchemaName = `new_contact_${name}`;
    const key = await client.createRelationship({
        data: {
            "@odata.type": `${NAMESPACE}OneToManyRelationshipMetadata`,
            SchemaName,
            AssociatedMenuConfiguration: { Behavior: "UseCollectionName", Group: "Details", Label: label("Bank Accounts"), Order: 10000 },
            CascadeConfiguration: {
                Assign: "Cascade", Delete: "Cascade", Merge: "Cascade", Reparent: "Cascade", Share: "Cascade", Unshare: "Cascade",
            },
            ReferencedAttribute: "contactid", ReferencedEntity: "contact", ReferencingEntity: name,
            Lookup: column("Lookup", "new_AccountOwner", { RequiredLevel: { Value: "ApplicationRequired" } }),
        },
    });
    const found = await client.retrieveRelationship({ key, castType: `${NAMESPACE}OneToManyRelationshipMetadata` });
    assert.equal(found.CascadeConfiguration.Delete, "Cascade");
    const contact = await client.create({ collection: "contacts", data: { lastname: mark() } });
    const data = { new_accountname: "Giro", "new_AccountOwner@odata.bind": `contacts(${contact})` };
    await client.create({ collection, data });
    const row = await client.retrieve({ collection: "contacts", key: contact, expand: [{ property: SchemaName }] });
    assert.deepEqual(row[SchemaName].map((each) => each.new_accountname), ["Giro"]);
    await client.deleteRecord({ collection: "contacts", key: contact });
    assert.equal((await client.retrieveMultiple({ collection })).value.length, 0);
    const between = await client.createRelationship({
        data: {
            "@odata.type": `${NAMESPACE}ManyToManyRelationshipMetadata`,
            SchemaName: `${name}_accounts`, IntersectEntityName: `${name}_accounts`,
            Entity1LogicalName: "account", Entity2LogicalName: name,
        },
    });
    const account = await client.create({ collection: "accounts", data: { name: mark() } });
    const bank = await client.create({ collection, data: { new_accountname: "Depot" } });
    const members = { collection: "accounts", primaryKey: account, relationshipName: `${name}_accounts` };
    await client.associate({ ...members, relatedCollection: collection, relatedKey: bank });
    const expand = [{ property: `${name}_accounts`, select: ["new_accountname"] }];
    const connected = await client.retrieve({ collection: "accounts", key: account, expand });
    assert.deepEqual(connected[`${name}_accounts`].map((each) => each.new_accountname), ["Depot"]);
    await client.disassociate({ ...members, relatedKey: bank });
    for (const each of [key, between]) await client.deleteRelationship({ key: each });
    assert.equal((await refused(client.retrieveRelationship({ key }))).status, 404);
    await client.deleteRecord({ collection: "EntityDefinitions", key: id });
}

export async function global_choices() {
    const { id, name, collection } = await bankAccount();
    const Name = `new_colors${mark()}`;
    const Options = [{ Value: 1, Label: label("Red") }, { Value: 2, Label: label("Blue") }];
    const key = await client.createGlobalOptionSet({
        data: {
            "@odata.type": `${NAMESPACE}OptionSetMetadata`,
            Name, DisplayName: label("Colors"), OptionSetType: "Picklist", IsGlobal: true, Options,
        },
    });
    const castType = `${NAMESPACE}OptionSetMetadata`;
    assert.ok((await client.retrieveGlobalOptionSets({ castType })).value.some((each) => each.Name === Name));
    const bound = { "GlobalOptionSet@odata.bind": `/GlobalOptionSetDefinitions(${key})` };
    await client.createAttribute({ entityKey: `LogicalName='${name}'`, data: column("Picklist", "new_Color", bound) });
    const row = await client.create({ collection, data: { new_color: 2 } });
    const read = await client.retrieve({ collection, key: row, select: ["new_color"], includeAnnotations: "*" });
    assert.equal(read.new_color_Formatted, "Blue");
    const definition = await client.retrieveGlobalOptionSet({ key });
    await client.updateGlobalOptionSet({ data: { ...definition, DisplayName: label("Colours") }, castType, mergeLabels: true });
    assert.equal((await client.retrieveGlobalOptionSet({ key })).DisplayName.UserLocalizedLabel.Label, "Colours");
    assert.equal((await refused(client.deleteGlobalOptionSet({ key }))).code, "0x80048417");
    await client.deleteRecord({ collection: "EntityDefinitions", key: id });
    await client.deleteGlobalOptionSet({ key });
}

export async function bad_definitions_have_codes() {
    const taken = { "@odata.type": `${NAMESPACE}EntityMetadata`, SchemaName: "Account" };
    taken.Attributes = [column("String", "new_Name", { IsPrimaryName: true })];
    assert.equal((await refused(client.createEntity({ data: taken }))).code, "0x80047010");
    const file = { entityKey: "LogicalName='account'", data: column("File", "new_File") };
    assert.equal((await refused(client.createAttribute(file))).status, 501);
    const { MetadataId } = await client.retrieveEntity({ key: "LogicalName='account'" });
    const error = await refused(client.deleteRecord({ collection: "EntityDefinitions", key: MetadataId }));
    assert.deepEqual([error.status, error.code], [400, "0x8004f032"]);
}
