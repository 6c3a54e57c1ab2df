"""Words that say a text is not about Xero, and words that say nothing."""

from __future__ import annotations

from typing import Final

from exporter.observe.reasons.normal import words_of

OTHER_SYSTEMS: Final = frozenset(
    words_of("""
    stripe paypal quickbooks intuit qbo sage myob freshbooks netsuite shopify woocommerce square gocardless braintree
    adyen klarna hubspot salesforce zendesk mailchimp sendgrid twilio slack github gitlab bitbucket jira atlassian
    google gmail facebook instagram twitter linkedin microsoft azure aws amazonaws s3 gcp firebase
    intercom freshdesk datadog pagerduty sentry cloudwatch
    mongo mysql mariadb innodb postgres postgresql psql sqlite oracle mongodb redis memcached
    elasticsearch cassandra kafka rabbitmq
    docker kubernetes kubelet jenkins npm pip maven gradle webpack
    """)
)
"""Other systems, whose tokens expire and whose limits are reached too."""

FILLERS: Final = frozenset(
    words_of("""
    a an the and of from with by to for in on at is was be been has have had
    error errors err exception exceptions http https status statuscode code response request requests failed failure
    fail xero api sync server client returned received got message type title detail null none true false could not
    html body head center hr h1 nginx cloudflare openresty apache cloudfront doctype contact contacts invoice invoices
    reconciliation xeroapi xerophp xeroizer xeroexception errornumber errortype during
    while when syncing synchronisation
    """)
) - frozenset(words_of("not could requests server client"))
"""Words that say nothing about the cause."""
