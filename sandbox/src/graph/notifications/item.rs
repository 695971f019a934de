//! Notifications as Graph writes them (learn: graph/api/resources/changenotification; microsoft-graph-docs issues
//! 3457, 9915 and 18763 for what a group's look like).

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::directory::{Change, Entry};
use super::super::subscriptions::{Subscription, time};

/// A change of a group. Whom it names comes in `members@delta`, unless it shall be without, or nobody is named.
pub(in super::super) fn change(of: &Subscription, tenant: Uuid, change: &Change, bare: bool) -> Value {
    let (now, group) = (chrono::Utc::now(), change.group);
    let mut data = json!({
        "@odata.type": "#Microsoft.Graph.Group", "@odata.id": format!("Groups/{group}"), "id": group,
        "organizationId": tenant, "eventTime": time(now), "sequenceNumber": now.timestamp_micros(),
    });
    if !bare && !change.members.is_empty() {
        data["members@delta"] = change.members.iter().map(entry).collect();
    }
    let members = if of.resource.ends_with("/members") { "/members" } else { "" };
    let mut item = head(of, tenant);
    item["changeType"] = "updated".into();
    item["resource"] = format!("Groups/{group}{members}").into();
    item["resourceData"] = data;
    item
}

/// A lifecycle event (learn: graph/change-notifications-lifecycle-events).
pub(in super::super) fn lifecycle(of: &Subscription, tenant: Uuid, event: &str) -> Value {
    let mut item = head(of, tenant);
    item["lifecycleEvent"] = event.into();
    item
}

/// Puts a later notification of the same subscription into an earlier one.
pub(super) fn merge(earlier: &mut Value, later: Value) {
    let mut data = later["resourceData"].clone();
    let before = earlier["resourceData"]["members@delta"].take();
    if let (Value::Array(mut all), Value::Array(more)) = (before, data["members@delta"].take()) {
        all.extend(more);
        data["members@delta"] = all.into();
    } else if let Some(data) = data.as_object_mut() {
        // one of them names nobody: then the whole can not claim to name everybody
        data.remove("members@delta");
    }
    *earlier = later;
    earlier["resourceData"] = data;
}

fn head(of: &Subscription, tenant: Uuid) -> Value {
    let mut item = json!({
        "subscriptionId": of.id, "subscriptionExpirationDateTime": time(of.expires), "tenantId": tenant,
    });
    if let Some(state) = &of.client_state {
        item["clientState"] = state.as_str().into();
    }
    item
}

fn entry(entry: &Entry) -> Value {
    let kind = if entry.is_group { "#microsoft.graph.group" } else { "#microsoft.graph.user" };
    let mut shown = json!({"@odata.type": kind, "id": entry.id});
    if entry.removed {
        shown["@removed"] = json!({"reason": "deleted"});
    }
    shown
}
