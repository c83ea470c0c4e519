use super::{Product, Sli};

/// The name of a metric as mails, charts and the API give it: "App Availability", "Jira Iframe Load Success Rate"
/// (the `metricName` column of SPEC section 2). Without a product the name starts with the SLI.
pub fn metric_name(sli: Sli, product: Product) -> String {
    let what = match sli {
        // The health check asks the app itself: no product belongs in front, whatever the series says.
        Sli::Availability => return "App Availability".to_owned(),
        Sli::IframeLoad => "Iframe Load Success Rate",
        Sli::InstallationCallback => "Installation Callback Success Rate",
        Sli::WebhookDelivery => "Webhook Delivery Success Rate",
        Sli::Synthetic => "Synthetic Success Rate",
    };
    match product {
        Product::None => what.to_owned(),
        product => format!("{} {what}", product.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_table() {
        assert_eq!(metric_name(Sli::Availability, Product::None), "App Availability");
        assert_eq!(metric_name(Sli::Availability, Product::Jira), "App Availability");
        assert_eq!(
            metric_name(Sli::IframeLoad, Product::Jira),
            "Jira Iframe Load Success Rate"
        );
        assert_eq!(
            metric_name(Sli::InstallationCallback, Product::Jsm),
            "Jira Service Management Installation Callback Success Rate"
        );
        assert_eq!(
            metric_name(Sli::WebhookDelivery, Product::Compass),
            "Compass Webhook Delivery Success Rate"
        );
        assert_eq!(metric_name(Sli::Synthetic, Product::None), "Synthetic Success Rate");
    }
}
