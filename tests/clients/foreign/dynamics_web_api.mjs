// dynamics-web-api, over plain HTTP.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { connect, mark, refused } from "./dynamics_web_api_client.mjs";

const NOBODY = "11111111-1111-1111-1111-111111111111";
const client = connect();

async function accounts(count, columns = {}) {
    const name = mark();
    for (let n = 0; n < count; n++) {
        await client.create({ collection: "accounts", data: { name: `${name} ${n}`, ...columns } });
    }
    return name;
}

async function list(name, more = {}) {
    const filter = `startswith(name,'${name}')`;
    return client.retrieveMultiple({ collection: "accounts", select: ["name"], orderBy: ["name"], filter, ...more });
}

const lastLetters = (rows) => rows.map((row) => row.name.at(-1)).join("");

export async function who_am_i() {
    const answer = await client.callFunction("WhoAmI");
    assert.match(answer.UserId, /^[0-9a-f-]{36}$/);
    assert.ok(answer.OrganizationId && answer.BusinessUnitId);
}

export async function create_with_representation() {
    const name = mark();
    const made = await client.create({
        collection: "accounts", data: { name }, returnRepresentation: true, select: ["name"],
    });
    assert.equal(made.name, name);
    assert.ok(made["@odata.etag"]);
}

export async function conditional_get() {
    const key = await client.create({ collection: "accounts", data: { name: mark() } });
    const row = await client.retrieve({ collection: "accounts", key, select: ["name"] });
    const request = { collection: "accounts", key, select: ["name"], ifnonematch: row["@odata.etag"] };
    // The client takes a 304 for an answer without content.
    assert.equal(await client.retrieve(request), undefined);
    await client.update({ collection: "accounts", key, data: { name: "changed" } });
    assert.equal((await client.retrieve(request)).name, "changed");
}

export async function etag_conflicts() {
    const key = await client.create({ collection: "accounts", data: { name: mark() } });
    const { "@odata.etag": ifmatch } = await client.retrieve({ collection: "accounts", key, select: ["name"] });
    await client.update({ collection: "accounts", key, data: { name: "second" }, ifmatch });
    // The client says false for a 412.
    assert.equal(await client.update({ collection: "accounts", key, data: { name: "third" }, ifmatch }), false);
    assert.equal(await client.deleteRecord({ collection: "accounts", key, ifmatch }), false);
    assert.equal((await client.retrieve({ collection: "accounts", key, select: ["name"] })).name, "second");
    await client.deleteRecord({ collection: "accounts", key });
    assert.equal((await refused(client.retrieve({ collection: "accounts", key }))).status, 404);
}

export async function upsert_in_four_ways() {
    const key = randomUUID();
    const one = { collection: "accounts", key, returnRepresentation: true };
    assert.equal((await client.upsert({ ...one, data: { name: "created" } })).accountid, key);
    assert.equal((await client.upsert({ ...one, data: { name: "changed" } })).name, "changed");
    // Create only: false where the row is there. Update only: false where it is not.
    assert.equal(await client.upsert({ ...one, data: { name: "no" }, ifnonematch: "*" }), null);
    const other = { collection: "accounts", key: NOBODY, data: { name: "no" }, ifmatch: "*" };
    assert.equal(await client.upsert(other), null);
    const number = mark();
    for (const name of ["created", "changed"]) {
        await client.upsert({ collection: "accounts", key: `accountnumber='${number}'`, data: { name } });
        const row = await client.retrieve({ collection: "accounts", key: `accountnumber='${number}'` });
        assert.deepEqual([row.name, row.accountnumber], [name, number]);
    }
}

export async function alternate_keys_in_addresses() {
    const number = mark();
    await client.create({ collection: "accounts", data: { name: number, accountnumber: number } });
    const key = `accountnumber='${number}'`;
    const child = { name: `${number} child`, "parentaccountid@odata.bind": `/accounts(${key})` };
    await client.create({ collection: "accounts", data: child });
    await client.update({ collection: "accounts", key, data: { fax: "1" } });
    const row = await client.retrieve({ collection: "accounts", key, expand: [{ property: "account_parent_account" }] });
    assert.equal(row.fax, "1");
    assert.equal(row.account_parent_account[0].name, `${number} child`);
    await client.deleteRecord({ collection: "accounts", key });
    assert.equal((await refused(client.retrieve({ collection: "accounts", key }))).status, 404);
    const twice = { collection: "accounts", data: { name: "x", accountnumber: number } };
    await client.create(twice);
    assert.equal((await refused(client.create(twice))).status, 412);
}

export async function single_properties_and_references() {
    const contact = await client.create({ collection: "contacts", data: { lastname: mark() } });
    const key = await client.create({ collection: "accounts", data: { name: mark() } });
    await client.updateSingleProperty({ collection: "accounts", key, fieldValuePair: { fax: "12" } });
    assert.equal((await client.retrieve({ collection: "accounts", key })).fax, "12");
    await client.deleteRecord({ collection: "accounts", key, property: "fax" });
    assert.equal((await client.retrieve({ collection: "accounts", key })).fax, null);
    await client.associateSingleValued({
        collection: "accounts", primaryKey: key, navigationProperty: "primarycontactid",
        relatedCollection: "contacts", relatedKey: contact,
    });
    const reference = await client.retrieve({ collection: "accounts", key, select: ["primarycontactid/$ref"] });
    assert.deepEqual([reference.collection, reference.id], ["contacts", contact]);
    await client.disassociateSingleValued({
        collection: "accounts", primaryKey: key, navigationProperty: "primarycontactid",
    });
    assert.equal((await client.retrieve({ collection: "accounts", key }))._primarycontactid_value, null);
    const child = await client.create({ collection: "accounts", data: { name: mark() } });
    const members = { collection: "accounts", primaryKey: key, relationshipName: "account_parent_account" };
    await client.associate({ ...members, relatedCollection: "accounts", relatedKey: child });
    assert.equal((await client.retrieve({ collection: "accounts", key: child }))._parentaccountid_value, key);
    await client.disassociate({ ...members, relatedKey: child });
    assert.equal((await client.retrieve({ collection: "accounts", key: child }))._parentaccountid_value, null);
}

export async function pages_of_odd_sizes() {
    const name = await accounts(5);
    for (const maxPageSize of [1, 2, 3, 5, 7]) {
        const request = { collection: "accounts", select: ["name"], filter: `startswith(name,'${name}')`, orderBy: ["name desc"] };
        assert.equal(lastLetters((await client.retrieveAll({ ...request, maxPageSize })).value), "43210");
    }
}

export async function operators_of_filters() {
    const name = mark();
    const day = (n) => `2020-0${n + 1}-15`;
    for (let n = 0; n < 4; n++) {
        await client.create({
            collection: "accounts",
            data: { name: `${name} ${n}`, numberofemployees: n, creditlimit: n + 0.25, donotemail: n % 2 == 1, lastonholdtime: `${day(n)}T00:00:00Z` },
        });
    }
    const cases = {
        "numberofemployees eq 1": "1", "numberofemployees ne 1": "023", "numberofemployees gt 1": "23",
        "numberofemployees ge 1": "123", "numberofemployees lt 1": "0", "numberofemployees le 1": "01",
        "creditlimit eq 2.25": "2", "donotemail eq true": "13", "not donotemail": "02",
        "not (numberofemployees gt 1)": "01", "(numberofemployees eq 0 or numberofemployees eq 3)": "03",
        "contains(name,' 1')": "1", "not contains(name,' 1')": "023", "endswith(name,'2')": "2",
        "contains(name,'_ 3')": "3", "name eq null": "", "fax eq null": "0123", "numberofemployees in (1,2)": "12",
        [`lastonholdtime gt ${day(1)}T00:00:00Z`]: "23",
        "Microsoft.Dynamics.CRM.In(PropertyName='numberofemployees',PropertyValues=['1','3'])": "13",
        "Microsoft.Dynamics.CRM.NotIn(PropertyName='numberofemployees',PropertyValues=['1','3'])": "02",
        "Microsoft.Dynamics.CRM.Between(PropertyName='numberofemployees',PropertyValues=['1','2'])": "12",
        "Microsoft.Dynamics.CRM.NotBetween(PropertyName='numberofemployees',PropertyValues=['1','2'])": "03",
        [`Microsoft.Dynamics.CRM.On(PropertyName='lastonholdtime',PropertyValue='${day(2)}')`]: "2",
        [`Microsoft.Dynamics.CRM.OnOrAfter(PropertyName='lastonholdtime',PropertyValue='${day(2)}')`]: "23",
        [`Microsoft.Dynamics.CRM.OnOrBefore(PropertyName='lastonholdtime',PropertyValue='${day(2)}')`]: "012",
        "Microsoft.Dynamics.CRM.Today(PropertyName='createdon')": "0123",
        "Microsoft.Dynamics.CRM.Yesterday(PropertyName='createdon')": "",
        "Microsoft.Dynamics.CRM.LastXMonths(PropertyName='lastonholdtime',PropertyValue=7)": "23",
        "Microsoft.Dynamics.CRM.OlderThanXMonths(PropertyName='lastonholdtime',PropertyValue=7)": "01",
        "Microsoft.Dynamics.CRM.ThisMonth(PropertyName='createdon')": "0123",
        "Microsoft.Dynamics.CRM.InFiscalYear(PropertyName='lastonholdtime',PropertyValue=2020)": "0123",
        "Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')": "0123",
    };
    for (const [filter, expected] of Object.entries(cases)) {
        const all = `startswith(name,'${name}') and ${filter}`;
        const { value } = await client.retrieveMultiple({ collection: "accounts", select: ["name"], orderBy: ["name"], filter: all });
        assert.equal(lastLetters(value), expected, filter);
    }
}

export async function choices_of_several() {
    const { value: columns } = await client.retrieveAttributes({
        entityKey: "LogicalName='bookableresource'", castType: "Microsoft.Dynamics.CRM.MultiSelectPicklistAttributeMetadata",
        expand: [{ property: "OptionSet" }],
    });
    const { LogicalName, OptionSet } = columns.find((column) => column.LogicalName === "msdyn_pooltype");
    const [first, second] = OptionSet.Options.map((option) => option.Value);
    const name = mark();
    const make = (suffix, values) =>
        client.create({ collection: "bookableresources", data: { name: `${name} ${suffix}`, resourcetype: 1, msdyn_pooltype: values } });
    await make("1", `${first}`);
    await make("2", `${first},${second}`);
    await make("3", null);
    const found = async (name_, values) => {
        const condition = `Microsoft.Dynamics.CRM.${name_}(PropertyName='${LogicalName}',PropertyValues=[${values.map((v) => `'${v}'`)}])`;
        const filter = `startswith(name,'${name}') and ${condition}`;
        const { value } = await client.retrieveMultiple({ collection: "bookableresources", filter, orderBy: ["name"] });
        return lastLetters(value);
    };
    assert.equal(await found("ContainValues", [first]), "12");
    assert.equal(await found("ContainValues", [second]), "2");
    assert.equal(await found("DoesNotContainValues", [second]), "13");
}

export async function special_characters_survive() {
    for (const text of ["O'Neil & Söhne", "50 % + #1", 'say "hi"', "日本 🎉", "a/b\\c", "x;y=z,(w)"]) {
        const name = `${mark()} ${text}`;
        await client.create({ collection: "accounts", data: { name } });
        const filter = `name eq '${name.replaceAll("'", "''")}'`;
        const { value } = await client.retrieveMultiple({ collection: "accounts", select: ["name"], filter });
        assert.deepEqual(value.map((row) => row.name), [name]);
    }
}

export async function counts() {
    const name = await accounts(3);
    assert.equal(await client.count({ collection: "accounts", filter: `startswith(name,'${name}')` }), 3);
    assert.ok((await client.count({ collection: "accounts" })) >= 3);
    const counted = await list(name, { count: true, top: 1 });
    assert.deepEqual([counted.oDataCount, counted.value.length], [3, 1]);
}

export async function apply_aggregates() {
    const name = mark();
    for (const [letter, amount] of [["a", 10.5], ["a", 20], ["b", 30.25]]) {
        await client.create({ collection: "accounts", data: { name, fax: letter, creditlimit: amount } });
    }
    const mine = `filter(name eq '${name}')`;
    const sums = await client.retrieveMultiple({
        collection: "accounts",
        apply: `${mine}/groupby((fax),aggregate(creditlimit with sum as total,creditlimit with average as mean,$count as number))`,
    });
    const rows = sums.value.map((row) => [row.fax, row.total, row.mean, row.number]).sort();
    assert.deepEqual(rows, [["a", 30.5, 15.25, 2], ["b", 30.25, 30.25, 1]]);
    const whole = await client.retrieveMultiple({
        collection: "accounts", apply: `${mine}/aggregate(creditlimit with min as low,creditlimit with max as high)`,
    });
    assert.deepEqual([whole.value[0].low, whole.value[0].high], [10.5, 30.25]);
    const groups = await client.retrieveMultiple({ collection: "accounts", apply: `${mine}/groupby((fax))` });
    assert.deepEqual(groups.value.map((row) => row.fax).sort(), ["a", "b"]);
}

export async function expand_in_several_levels() {
    const name = mark();
    const contact = await client.create({ collection: "contacts", data: { lastname: name } });
    const data = {
        name, "primarycontactid@odata.bind": `contacts(${contact})`,
        account_parent_account: [{ name: `${name} 1` }, { name: `${name} 2` }],
    };
    const key = await client.create({ collection: "accounts", data });
    const row = await client.retrieve({
        collection: "accounts", key, select: ["name"],
        expand: [
            { property: "primarycontactid", select: ["lastname"], expand: [{ property: "createdby", select: ["fullname"] }] },
            {
                property: "account_parent_account", select: ["name"], filter: `endswith(name,'2')`,
                expand: [{ property: "parentaccountid", select: ["name"] }],
            },
        ],
    });
    assert.equal(row.primarycontactid.lastname, name);
    assert.ok(row.primarycontactid.createdby.fullname);
    assert.equal(row.account_parent_account.length, 1);
    assert.equal(row.account_parent_account[0].parentaccountid.name, name);
}

export async function fetchxml_in_pages() {
    const name = await accounts(5);
    const fetchXml = `<fetch count="2"><entity name="account"><attribute name="name"/><order attribute="name"/><filter><condition attribute="name" operator="like" value="${name}%"/></filter></entity></fetch>`;
    const first = await client.fetch({ collection: "accounts", fetchXml, includeAnnotations: "*" });
    assert.deepEqual([first.value.length, first.PagingInfo.nextPage], [2, 2]);
    const all = await client.fetchAll({ collection: "accounts", fetchXml, includeAnnotations: "*" });
    assert.equal(lastLetters(all.value), "01234");
}

export async function fetchxml_with_links_and_aggregates() {
    const name = mark();
    const parent = await client.create({ collection: "accounts", data: { name } });
    for (const amount of [1, 2]) {
        const data = { name: `${name} child`, creditlimit: amount, "parentaccountid@odata.bind": `accounts(${parent})` };
        await client.create({ collection: "accounts", data });
    }
    const linked = `<fetch><entity name="account"><attribute name="creditlimit"/><order attribute="creditlimit"/><link-entity name="account" from="accountid" to="parentaccountid" alias="p"><attribute name="name"/><filter><condition attribute="name" operator="eq" value="${name}"/></filter></link-entity></entity></fetch>`;
    const rows = (await client.fetch({ collection: "accounts", fetchXml: linked })).value;
    assert.deepEqual(rows.map((row) => [row.creditlimit, row["p.name"]]), [[1, name], [2, name]]);
    const sums = `<fetch aggregate="true"><entity name="account"><attribute name="creditlimit" aggregate="sum" alias="total"/><attribute name="accountid" aggregate="count" alias="number"/><filter><condition attribute="name" operator="eq" value="${name} child"/></filter></entity></fetch>`;
    const [sum] = (await client.fetch({ collection: "accounts", fetchXml: sums })).value;
    assert.deepEqual([sum.total, sum.number], [3, 2]);
}

export async function batches_with_change_sets() {
    const name = mark();
    client.startBatch();
    client.create({ collection: "contacts", data: { lastname: name }, contentId: "1" });
    client.create({ collection: "accounts", data: { name, "primarycontactid@odata.bind": "$1" } });
    client.retrieveMultiple({ collection: "accounts", filter: `name eq '${name}'`, expand: [{ property: "primarycontactid" }] });
    const [contact, account, read] = await client.executeBatch();
    assert.match(contact, /^[0-9a-f-]{36}$/);
    assert.match(account, /^[0-9a-f-]{36}$/);
    assert.equal(read.value[0].primarycontactid.lastname, name);
}

export async function change_sets_roll_back() {
    const name = mark();
    client.startBatch();
    client.create({ collection: "accounts", data: { name } });
    client.update({ collection: "accounts", key: NOBODY, data: { name } });
    const errors = await refused(client.executeBatch());
    assert.equal([errors].flat()[0].status, 404);
    assert.equal(await client.count({ collection: "accounts", filter: `name eq '${name}'` }), 0);
}

export async function a_batch_goes_on_after_an_error() {
    const name = mark();
    client.startBatch();
    client.create({ collection: "accounts", data: { nosuchcolumn: 1 }, inChangeSet: false });
    client.create({ collection: "accounts", data: { name }, inChangeSet: false });
    const [failed, made] = await client.executeBatch({ continueOnError: true });
    assert.equal(failed.status, 400);
    assert.match(made, /^[0-9a-f-]{36}$/);
}

export async function bulk_actions() {
    const name = mark();
    const target = (n) => ({ "@odata.type": "Microsoft.Dynamics.CRM.account", name: `${name} ${n}` });
    const action = (actionName, Targets) =>
        client.callAction({ collection: "accounts", actionName: `Microsoft.Dynamics.CRM.${actionName}`, action: { Targets } });
    const { Ids } = await action("CreateMultiple", [target(0), target(1)]);
    await action("UpdateMultiple", Ids.map((accountid) => ({ ...target(3), accountid })));
    await action("UpsertMultiple", [{ ...target(4), "@odata.id": `accounts(accountnumber='${name}')` }]);
    assert.equal(lastLetters((await list(name)).value), "334");
    const { JobId } = await client.callAction({
        actionName: "BulkDelete",
        action: {
            JobName: name, SendEmailNotification: false, ToRecipients: [], CCRecipients: [], RecurrencePattern: "",
            StartDateTime: "2020-10-03T06:00:00Z",
            QuerySet: [{
                EntityName: "account",
                Criteria: { FilterOperator: "And", Conditions: [{ AttributeName: "name", Operator: "BeginsWith", Values: [{ Value: name, Type: "System.String" }] }] },
            }],
        },
    });
    assert.equal((await client.retrieve({ collection: "asyncoperations", key: JobId })).name, name);
    assert.equal((await list(name)).value.length, 0);
}

export async function delta_links() {
    const request = { collection: "accounts", select: ["name"], trackChanges: true };
    const start = await client.retrieveAll(request);
    const name = mark();
    const key = await client.create({ collection: "accounts", data: { name } });
    const gone = await client.create({ collection: "accounts", data: { name: "gone" } });
    await client.deleteRecord({ collection: "accounts", key: gone });
    const changes = await client.retrieveMultiple(request, start.oDataDeltaLink);
    assert.deepEqual(changes.value.filter((row) => row.name).map((row) => row.name), [name]);
    const deleted = changes.value.filter((row) => row.reason === "deleted");
    assert.deepEqual(deleted.map((row) => row.id), [gone]);
    const nothing = await client.retrieveMultiple(request, changes.oDataDeltaLink);
    assert.deepEqual(nothing.value, []);
    await client.update({ collection: "accounts", key, data: { name: `${name} again` } });
    const again = await client.retrieveMultiple(request, changes.oDataDeltaLink);
    assert.deepEqual(again.value.map((row) => row.name), [`${name} again`]);
}

export async function metadata_of_tables() {
    const table = await client.retrieveEntity({
        key: "LogicalName='account'", select: ["EntitySetName", "PrimaryIdAttribute"],
        expand: [{ property: "Keys", select: ["KeyAttributes"] }, { property: "Attributes", select: ["LogicalName"] }],
    });
    assert.equal(table.EntitySetName, "accounts");
    assert.ok(table.Keys.some((key) => key.KeyAttributes.join() === "accountnumber"));
    const { value: attributes } = await client.retrieveAttributes({
        entityKey: "LogicalName='account'", castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
        select: ["LogicalName"], expand: [{ property: "OptionSet" }],
    });
    assert.ok(attributes.find((each) => each.LogicalName === "industrycode").OptionSet.Options.length > 1);
    const one = await client.retrieveAttribute({ entityKey: "LogicalName='account'", attributeKey: "LogicalName='name'" });
    assert.equal(one.MaxLength, 160);
    const { value: all } = await client.retrieveEntities({ select: ["LogicalName"], filter: "LogicalName eq 'invoice'" });
    assert.equal(all.length, 1);
    const { value: links } = await client.retrieveRelationships({
        castType: "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", filter: "ReferencedEntity eq 'contact'", select: ["SchemaName"],
    });
    assert.ok(links.some((link) => link.SchemaName === "account_primary_contact"));
    const key = `SchemaName='account_primary_contact'`;
    assert.equal((await client.retrieveRelationship({ key })).ReferencingEntity, "account");
}

export async function csdl_metadata() {
    const csdl = await client.retrieveCsdlMetadata();
    const text = typeof csdl === "string" ? csdl : JSON.stringify(csdl);
    assert.match(text, /<EntityType Name="account"/);
    assert.match(text, /<EntitySet Name="accounts"/);
}

export async function annotations() {
    const name = await accounts(1, { industrycode: 1, creditlimit: 12.5 });
    const { value: [row] } = await list(name, { select: ["industrycode", "creditlimit", "_ownerid_value"], includeAnnotations: "*" });
    assert.equal(row.industrycode_Formatted, "Accounting");
    assert.equal(row.creditlimit_Formatted, "$12.50");
    assert.equal(row._ownerid_value_LogicalName, "systemuser");
    assert.equal(row._ownerid_value_NavigationProperty, "ownerid");
}

export async function impersonation() {
    const { UserId } = await client.callFunction("WhoAmI");
    const { value } = await client.retrieveMultiple({
        collection: "systemusers", select: ["azureactivedirectoryobjectid"],
        filter: `accessmode eq 0 and isdisabled eq false and systemuserid ne ${UserId}`, top: 1,
    });
    const impersonate = value[0].systemuserid;
    const as = connect({ impersonate });
    assert.equal((await as.callFunction("WhoAmI")).UserId, impersonate);
    const key = await as.create({ collection: "accounts", data: { name: mark() } });
    const row = await client.retrieve({ collection: "accounts", key });
    assert.deepEqual([row._createdby_value, row._createdonbehalfby_value], [impersonate, UserId]);
    const { value: [me] } = await client.retrieveMultiple({
        collection: "systemusers", select: ["azureactivedirectoryobjectid"], filter: `systemuserid eq ${UserId}`,
    });
    const asObject = connect({ impersonateAAD: me.azureactivedirectoryobjectid });
    assert.equal((await asObject.callFunction("WhoAmI")).UserId, UserId);
    assert.equal((await refused(connect({ impersonate: NOBODY }).callFunction("WhoAmI"))).status, 403);
}

export async function what_is_unknown_is_refused_by_name() {
    const error = await refused(client.callFunction({ name: "NoSuchFunction" }));
    assert.equal(error.status, 501);
    assert.match(error.message, /NoSuchFunction/);
    assert.equal((await refused(client.retrieveMultiple({ collection: "nosuchset" }))).status, 404);
    const unknown = await refused(client.retrieveMultiple({ collection: "accounts", select: ["nosuchcolumn"] }));
    assert.deepEqual([unknown.status, unknown.code], [400, "0x0"]);
}

export async function parallel_clients() {
    const name = mark();
    const create = (n) => connect().create({ collection: "accounts", data: { name: `${name} ${n % 10}` } });
    await Promise.all(Array.from({ length: 20 }, (_, n) => create(n)));
    assert.equal((await list(name)).value.length, 20);
}
